import type { FastifyRequest } from 'fastify';

/** Paths that the gateway passes on. A path without a route counts as public too. */
const PUBLIC = /^\/(?:$|v1\/|docs(?:\/|$)|verify(?:\/|$)|openapi\.json$)/;

/** Whether the request is for a route that only operators, probes and the gateway reach. */
export function isInternal({ routeOptions: { url } }: FastifyRequest): boolean {
  return url !== undefined && !PUBLIC.test(url);
}

const labels = new Map<string, string>();

/** The route as the table of operations names it, with `{id}`; `unknown` without a route. */
export function routeOf({ routeOptions: { url } }: FastifyRequest): string {
  if (url === undefined) return UNKNOWN_ROUTE;
  const known = labels.get(url);
  if (known !== undefined) return known;
  const label = url.replaceAll(/:(\w+)/g, '{$1}');
  labels.set(url, label);
  return label;
}

/** The route of requests that no route matches, or that are no HTTP. */
export const UNKNOWN_ROUTE = 'unknown';
