import { PAGES, ROUTES } from '@zameni/contracts';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';

/** The methods of each public path, whichever service answers it. */
const surface = [
  ...ROUTES.map(({ method, path }) => ({ method, pattern: toPattern(path) })),
  ...PAGES.map(({ path }) => ({ method: 'GET' as const, pattern: toPattern(path) })),
  ...['/livez', '/readyz'].map((path) => ({ method: 'GET' as const, pattern: toPattern(path) })),
];

/** The methods that a path takes, OPTIONS last; empty if there is no such path. */
export function allowedMethods(path: string): string[] {
  const methods = surface
    .filter(({ pattern }) => pattern.test(path))
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return methods.length === 0 ? [] : [...new Set(methods), 'OPTIONS'];
}

/**
 * Answers requests without a route before their body is read, but after they are counted. OPTIONS is 204 with `Allow` (RFC 9110
 * section 9.3.7), another method 405 with it if the path takes others, also in another service, and
 * the rest is 404.
 */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, reply) => {
    if (!request.is404) return;
    const allowed = allowedMethods(request.url.split('?', 1)[0] ?? '');
    const { method } = request;
    const isOptions = method === 'OPTIONS' && allowed.length > 0;
    if (!isOptions && (allowed.length === 0 || allowed.includes(method))) {
      throw new AppError('not-found');
    }
    reply.header('Allow', allowed.join(', '));
    if (isOptions) return reply.code(204).header('Cache-Control', 'no-store').send();
    throw new AppError('method-not-allowed');
  });
  // Fastify runs hooks for unknown routes only if a handler for them is set.
  app.setNotFoundHandler(() => {
    throw new AppError('not-found');
  });
}

/** The pattern of a path, in which `{name}` matches one segment. */
function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}
