import { REFERENCE_PAGES } from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { matchesEntityTag } from '../http/if-none-match.ts';
import type { ReferenceFiles } from './files.ts';
import { REFERENCE_POLICY } from './page.ts';

/** Seconds a copy may be used without a request. Short, because the paths have no version. */
const MAX_AGE_SECONDS = 300;

/** Routes of the documents (HTTP APIs, event stream) and of the page that shows them. */
export function referenceRoutes(files: ReferenceFiles): FastifyPluginAsync {
  return async (app) => {
    for (const { path } of REFERENCE_PAGES) {
      app.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, reply) =>
        sendFile(files, request, reply),
      );
    }
  };
}

function sendFile(
  files: ReferenceFiles,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const file = files.get(request.url.split('?', 1)[0] ?? '');
  if (file === undefined) throw new AppError('not-found');
  reply
    .header('ETag', file.etag)
    .header('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`)
    .header('Content-Security-Policy', REFERENCE_POLICY)
    .header('Referrer-Policy', 'no-referrer')
    .header('X-Content-Type-Options', 'nosniff');
  if (matchesEntityTag(request.headers['if-none-match'], file.etag)) return reply.code(304).send();
  return reply.type(file.mediaType).send(file.body);
}
