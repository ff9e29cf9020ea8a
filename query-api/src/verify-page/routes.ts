import { VERIFY_PAGES } from '@zameni/contracts';
import type { FastifyPluginAsync } from 'fastify';
import { sendStaticFile, type StaticFiles } from '../http/static-files.ts';

/** Content-Security-Policy of the page: this host only, nothing inline, in no frame. */
export const VERIFY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** Routes of the page behind the link of a mail. It gets the token in the fragment. */
export function verifyRoutes(files: StaticFiles): FastifyPluginAsync {
  return async (app) => {
    for (const { path } of VERIFY_PAGES) {
      app.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), async (request, reply) =>
        sendStaticFile({ files, policy: VERIFY_POLICY }, request, reply),
      );
    }
  };
}
