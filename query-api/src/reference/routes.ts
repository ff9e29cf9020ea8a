import { REFERENCE_PAGES } from '@zameni/contracts';
import type { FastifyPluginAsync } from 'fastify';
import { sendStaticFile, type StaticFiles } from '../http/static-files.ts';
import { REFERENCE_POLICY } from './page.ts';

/** Routes of the documents (HTTP APIs, event stream) and of the page that shows them. */
export function referenceRoutes(files: StaticFiles): FastifyPluginAsync {
  return async (app) => {
    for (const { path } of REFERENCE_PAGES) {
      app.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, reply) =>
        sendStaticFile({ files, policy: REFERENCE_POLICY }, request, reply),
      );
    }
  };
}
