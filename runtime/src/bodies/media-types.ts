import { MERGE_PATCH_MEDIA_TYPE, NDJSON_MEDIA_TYPE, ROUTES } from '@zameni/contracts';
import type { FastifyRequest } from 'fastify';
import { routeOf } from '../http/route.ts';

/** Routes whose body is NDJSON. */
const streamed: ReadonlySet<string> = new Set(
  ROUTES.filter(({ isStreamed }) => isStreamed).map(({ path }) => path),
);

/** Whether the route of a request takes NDJSON. */
export function takesNdjson(request: FastifyRequest): boolean {
  return streamed.has(routeOf(request));
}

/** The media types that the route of a request takes, the preferred one first. */
export function takenMediaTypes(request: FastifyRequest): string[] {
  if (takesNdjson(request)) return [NDJSON_MEDIA_TYPE];
  return request.method === 'PATCH'
    ? [MERGE_PATCH_MEDIA_TYPE, 'application/json']
    : ['application/json'];
}

/**
 * Headers of an answer 415, by which a client learns what it may send: `Accept-Patch` (RFC 5789) of
 * a PATCH, otherwise `Accept`, and `Accept-Encoding` (RFC 9110 sections 12.5.1 and 12.5.3).
 */
export function takenBodyHeaders(request: FastifyRequest): Record<string, string> {
  return {
    [request.method === 'PATCH' ? 'Accept-Patch' : 'Accept']: takenMediaTypes(request).join(', '),
    'Accept-Encoding': 'identity',
  };
}
