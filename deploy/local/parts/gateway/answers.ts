import { ERROR_CODES, type ErrorCode, PROBLEM_STATUS, PROBLEM_TYPE_BASE } from '@zameni/contracts';

/** Responses of the gateway itself, by their original status. */
const OWN_ANSWERS: readonly (readonly [status: number, code: ErrorCode])[] = [
  [400, 'bad-request'],
  [408, 'request-timeout'],
  [500, 'internal'],
  [502, 'service-unavailable'],
  [503, 'service-unavailable'],
  [504, 'gateway-timeout'],
];

/**
 * Ends a problem document with the id of the request's trace. It is empty for a request that HAProxy
 * could not read, and so has no trace.
 */
const TRACE_MEMBER = '%[var(txn.trace_member)]';

/** Rules that give a request an id, unless it is traced and so has one. */
export const NAME_REQUEST = `  http-request set-var(txn.trace_id) uuid,regsub(-,,g) unless { var(txn.trace_id) -m found }
  http-request set-var-fmt(txn.trace_member) ',"traceId":"%[var(txn.trace_id)]"'`;

/** Rules of `defaults` for the failures that HAProxy itself answers. */
export const FAILURES = OWN_ANSWERS.map(([status, code]) => {
  // For callers a missing service and a broken connection are one fault: try again soon.
  const shown = PROBLEM_STATUS[code];
  const retry = shown === 503 ? ' hdr Retry-After 1' : '';
  return `  http-error status ${status} ${problem(code)}${retry}`;
}).join('\n');

/** An action that ends a request with a problem document. */
export function refuse(code: ErrorCode, retryAfter?: string): string {
  const retry = retryAfter === undefined ? '' : ` hdr Retry-After ${retryAfter}`;
  return `http-request return status ${PROBLEM_STATUS[code]} ${problem(code)}${retry}`;
}

/** Quotes a text so that HAProxy takes every character literally. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The headers and the body of a problem, with the id of its trace as the last member. */
function problem(code: ErrorCode): string {
  const type = `${PROBLEM_TYPE_BASE}${code}`;
  const status = PROBLEM_STATUS[code];
  const text = JSON.stringify({ type, title: ERROR_CODES[code], status, code });
  const body = `${text.replaceAll('%', '%%').slice(0, -1)}${TRACE_MEMBER}}`;
  return `content-type application/problem+json lf-string ${quote(body)} hdr Cache-Control no-store`;
}
