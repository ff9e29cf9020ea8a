import { createHash } from 'node:crypto';
import { AppError } from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesEntityTag } from './if-none-match.ts';

/** A file that is served from memory. */
export type StaticFile = {
  readonly mediaType: string;
  readonly body: Buffer;
  /** Strong entity tag of the body. */
  readonly etag: string;
};

/** The files of a page by path. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** The media types of files. */
export const MEDIA_TYPES = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  script: 'text/javascript; charset=utf-8',
  style: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
} as const;

/** Seconds a copy may be used without a request. Short, because the paths have no version. */
const MAX_AGE_SECONDS = 300;

/** Creates a file. */
export function toStaticFile(type: keyof typeof MEDIA_TYPES, content: string | Buffer): StaticFile {
  const body = Buffer.from(content);
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 27);
  return { mediaType: MEDIA_TYPES[type], body, etag: `"${digest}"` };
}

/** Sends the file at the request's path, or 304. `policy` is its Content-Security-Policy. */
export function sendStaticFile(
  { files, policy }: { readonly files: StaticFiles; readonly policy: string },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const file = files.get(request.url.split('?', 1)[0] ?? '');
  if (file === undefined) throw new AppError('not-found');
  reply
    .header('ETag', file.etag)
    .header('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`)
    .header('Content-Security-Policy', policy)
    .header('Referrer-Policy', 'no-referrer')
    .header('X-Content-Type-Options', 'nosniff');
  if (matchesEntityTag(request.headers['if-none-match'], file.etag)) return reply.code(304).send();
  return reply.type(file.mediaType).send(file.body);
}
