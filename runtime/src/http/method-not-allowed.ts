import { PAGES, ROUTES } from '@zameni/contracts';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors.ts';

/** The methods of each public path, whichever service answers it. */
const surface = [
  ...ROUTES.map(({ method, path }) => ({ method, pattern: toPattern(path) })),
  ...PAGES.map(({ path }) => ({ method: 'GET' as const, pattern: toPattern(path) })),
  ...['/livez', '/readyz'].map((path) => ({ method: 'GET' as const, pattern: toPattern(path) })),
];

/** The methods that a path takes; empty if there is no such path. */
export function allowedMethods(path: string): string[] {
  const methods = surface
    .filter(({ pattern }) => pattern.test(path))
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return [...new Set(methods)];
}

/**
 * Answers requests without a route before their body is read: 405 with `Allow` if the path takes
 * other methods, also in another service, otherwise 404.
 */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const allowed = allowedMethods(request.url.split('?', 1)[0] ?? '');
    if (allowed.length === 0 || allowed.includes(request.method)) throw new AppError('not-found');
    reply.header('Allow', allowed.join(', '));
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
