import { ERROR_CODES, type ErrorCode, PROBLEM_TYPE_BASE, type Problem } from '@zameni/contracts';
import type { AppError } from './errors.ts';

/** The HTTP status of each code; the only place where the two meet. */
export const PROBLEM_STATUS = {
  'malformed-json': 400,
  'malformed-header': 400,
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'user-not-found': 404,
  'registration-not-found': 404,
  'method-not-allowed': 405,
  'request-timeout': 408,
  'address-taken': 409,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'invalid-request': 422,
  'idempotency-key-reused': 422,
  internal: 500,
  'log-unavailable': 503,
  'store-unavailable': 503,
  'projection-lagging': 503,
  overloaded: 503,
  'service-unavailable': 503,
  'gateway-timeout': 504,
} as const satisfies Record<ErrorCode, number>;

/** Media type of problem documents (RFC 9457). */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The problem document of an error. */
export function toProblem(error: AppError, traceId: string): Problem {
  return {
    type: `${PROBLEM_TYPE_BASE}${error.code}`,
    title: ERROR_CODES[error.code],
    status: PROBLEM_STATUS[error.code],
    code: error.code,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    traceId,
    ...(error.errors === undefined ? {} : { errors: [...error.errors] }),
  };
}
