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

/** A page, or a file of one. The query API serves it. */
type Page = {
  readonly id: string;
  /** Its tag in the OpenAPI document. */
  readonly tag: 'Reference' | 'Pages';
  readonly path: `/${string}`;
  readonly summary: string;
  readonly mediaType: string;
  /** An example of `{file}`. */
  readonly file?: string;
};

/** All pages of documentation that are served about the APIs. */
export const REFERENCE_PAGES = [
  {
    id: 'readOpenApi',
    tag: 'Reference',
    path: '/openapi.json',
    summary: 'This document',
    mediaType: 'application/json',
  },
  {
    id: 'readAsyncApi',
    tag: 'Reference',
    path: '/docs/asyncapi.json',
    summary: 'The AsyncAPI document of the event stream',
    mediaType: 'application/json',
  },
  {
    id: 'readReferencePage',
    tag: 'Reference',
    path: '/docs',
    summary: 'The reference as a page',
    mediaType: 'text/html',
  },
  {
    id: 'readReferenceFile',
    tag: 'Reference',
    path: '/docs/{file}',
    summary: 'A file of the reference page',
    mediaType: '*/*',
    file: 'swagger-ui.css',
  },
] as const satisfies readonly Page[];

/** The page at the root. */
export const START_PAGES = [
  {
    id: 'readStartPage',
    tag: 'Pages',
    path: '/',
    summary: 'A page that says what this is and where the reference is',
    mediaType: 'text/html',
  },
] as const satisfies readonly Page[];

/** The page behind the link of a mail. */
export const VERIFY_PAGES = [
  {
    id: 'readVerifyPage',
    tag: 'Pages',
    path: '/verify',
    summary:
      'The page behind the link of a mail. It takes the token from the fragment, shows what the link is for, and proves nothing before a button is pressed',
    mediaType: 'text/html',
  },
  {
    id: 'readVerifyFile',
    tag: 'Pages',
    path: '/verify/{file}',
    summary: 'A file of the page behind the link of a mail',
    mediaType: '*/*',
    file: 'verify.js',
  },
] as const satisfies readonly Page[];

/** All pages, with the files of them. */
export const PAGES: readonly Page[] = [...REFERENCE_PAGES, ...START_PAGES, ...VERIFY_PAGES];
