/** A service that answers HTTP requests behind the gateway. */
export type HttpService = 'command-api' | 'query-api';

/** One route of the surface and the service behind it. */
export type Route = {
  readonly service: HttpService;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: `/v1/${string}`;
};

/**
 * The routes of both APIs. The gateway's configuration is made from this table, and a test of each
 * service holds its routes equal to it.
 */
export const ROUTES = [
  { service: 'command-api', method: 'POST', path: '/v1/registrations' },
  { service: 'query-api', method: 'GET', path: '/v1/registrations/{id}' },
  { service: 'query-api', method: 'GET', path: '/v1/users/{id}' },
] as const satisfies readonly Route[];
