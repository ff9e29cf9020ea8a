import type { HttpService } from './operation.ts';
import { OPERATIONS } from './table.ts';

/** One route of the API and its service. */
export type Route = {
  readonly service: HttpService;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: `/v1/${string}`;
  /** Whether the body is read during the upload. Nothing may wait for the whole body. */
  readonly isStreamed: boolean;
};

/** The method of a route as HTTP writes it. */
export const METHODS = { get: 'GET', post: 'POST', patch: 'PATCH', delete: 'DELETE' } as const;

/**
 * The routes of both APIs. The gateway's configuration and the answers 405 derive from them. The
 * services take their routes from `OPERATIONS` (runtime/src/http/operation-route.ts).
 */
export const ROUTES: readonly Route[] = Object.values(OPERATIONS).map(
  ({ service, method, path, ...operation }) => ({
    service,
    method: METHODS[method],
    path,
    isStreamed: 'lines' in operation,
  }),
);

/** A page of the reference. The query API serves it. */
type ReferencePage = {
  readonly id: string;
  readonly path: `/${string}`;
  readonly summary: string;
  readonly mediaType: string;
};

/** All pages of documentation that are served about the APIs. */
export const REFERENCE_PAGES = [
  {
    id: 'readOpenApi',
    path: '/openapi.json',
    summary: 'This document',
    mediaType: 'application/json',
  },
  {
    id: 'readAsyncApi',
    path: '/docs/asyncapi.json',
    summary: 'The AsyncAPI document of the event stream',
    mediaType: 'application/json',
  },
  {
    id: 'readReferencePage',
    path: '/docs',
    summary: 'The reference as a page',
    mediaType: 'text/html',
  },
  {
    id: 'readReferenceFile',
    path: '/docs/{file}',
    summary: 'A file of the reference page',
    mediaType: '*/*',
  },
] as const satisfies readonly ReferencePage[];
