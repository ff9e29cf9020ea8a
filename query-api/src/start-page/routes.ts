import { START_PAGES } from '@zameni/contracts';
import type { FastifyPluginAsync } from 'fastify';
import { sendStaticFile } from '../http/static-files.ts';
import { createStartFiles, START_POLICY } from './page.ts';

/** Route of the page at the root. */
export function startPageRoutes(): FastifyPluginAsync {
  const files = createStartFiles();
  return async (app) => {
    for (const { path } of START_PAGES) {
      app.get(path, async (request, reply) =>
        sendStaticFile({ files, policy: START_POLICY }, request, reply),
      );
    }
  };
}
