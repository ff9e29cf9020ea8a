import { type Field, OPERATIONS, ROUTES, type Operation } from '@zameni/contracts';
import { quote } from './answers.ts';

/**
 * Seconds for which a browser keeps the answer to a preflight. Chromium keeps none longer
 * (https://fetch.spec.whatwg.org/#http-access-control-max-age; `kMaxPreflightCacheTimeout`).
 */
const MAX_AGE_SECONDS = 7_200;

/** Headers of a request besides those of operations. `traceparent` names a trace, not a person. */
const COMMON_REQUEST_HEADERS = ['Authorization', 'Content-Type', 'traceparent'];

/** Headers of answers that come with every operation: limits, refusals and methods. */
const COMMON_ANSWER_HEADERS = [
  'Accept',
  'Accept-Patch',
  'Allow',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
];

/** Headers that every page may read (https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name). */
const SAFELISTED: ReadonlySet<string> = new Set(['Cache-Control', 'Vary']);

/**
 * Rules of the frontend for pages of other origins, in HAProxy's order: they come before all that may
 * end a request, so that a page can read refusals too. Without origins there are none, and browsers
 * refuse. Credentials are never allowed: a page sends a token, not a cookie.
 */
export function corsRules(origins: readonly string[]): string {
  if (origins.length === 0) return '';
  const operations: readonly Operation[] = Object.values(OPERATIONS);
  const requestHeaders = namesOf(operations.map(({ headers }) => headers));
  const answerHeaders = namesOf(
    operations.flatMap(({ answers }) => Object.values(answers).map(({ headers }) => headers)),
  ).filter((name) => !SAFELISTED.has(name));
  const methods = [...new Set(['GET', 'HEAD', ...ROUTES.map(({ method }) => method)])];
  return `
  # Pages of other origins.
  http-request set-var(txn.origin) req.hdr(Origin) if { req.hdr(Origin) -m str -- ${origins.map(quote).join(' ')} } { req.fhdr_cnt(Origin) eq 1 }
  http-after-response add-header Vary Origin
  http-after-response set-header Access-Control-Allow-Origin %[var(txn.origin)] if { var(txn.origin) -m found }
  http-after-response set-header Access-Control-Expose-Headers ${quote(toList([...COMMON_ANSWER_HEADERS, ...answerHeaders]))} if { var(txn.origin) -m found } !{ var(txn.is_preflight) -m found }
  http-request set-var(txn.is_preflight) bool(true) if { method OPTIONS } { req.hdr(Access-Control-Request-Method) -m found } { var(txn.origin) -m found }
  http-request return status 204 hdr Access-Control-Allow-Methods ${quote(methods.join(', '))} hdr Access-Control-Allow-Headers ${quote(toList([...COMMON_REQUEST_HEADERS, ...requestHeaders]))} hdr Access-Control-Max-Age ${MAX_AGE_SECONDS} if { var(txn.is_preflight) -m found }`;
}

function namesOf(headers: readonly Readonly<Record<string, Field>>[]): string[] {
  return headers.flatMap((each) => Object.keys(each));
}

function toList(names: readonly string[]): string {
  return [...new Set(names)].toSorted().join(', ');
}
