import { type Static, Type } from 'typebox';
import { ERROR_CODES, type ErrorCode, FIELD_CODES } from './error-codes.ts';

/** The base of the `type` URI of every problem; the rest of the URI is the code. */
export const PROBLEM_TYPE_BASE = 'https://zameni.example/problems/';

/** Media type of problem documents (RFC 9457). */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The HTTP status of each code. No other code maps them. */
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
  'rate-limited': 429,
  'address-taken': 409,
  'address-unproven': 409,
  'park-changed': 409,
  'rebuild-state': 409,
  'message-state': 409,
  'user-erased': 410,
  'user-deactivated': 409,
  'self-deactivated': 403,
  'too-many-changes': 409,
  'precondition-failed': 412,
  'position-unknown': 412,
  'invalid-verification-token': 422,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'invalid-request': 422,
  'idempotency-key-reused': 422,
  internal: 500,
  'log-unavailable': 503,
  'log-full': 503,
  'store-unavailable': 503,
  'projection-lagging': 503,
  'account-parked': 503,
  overloaded: 503,
  'service-unavailable': 503,
  'gateway-timeout': 504,
} as const satisfies Record<ErrorCode, number>;

/** One part of a request that breaks a rule: JSON pointer (RFC 6901) and code. */
export const FieldError = Type.Object(
  {
    pointer: Type.String(),
    // Object.keys returns exactly the keys of this constant.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    code: Type.Enum(Object.keys(FIELD_CODES) as (keyof typeof FIELD_CODES)[]),
  },
  { additionalProperties: false, title: 'FieldError' },
);
export type FieldError = Static<typeof FieldError>;

/** Problem document of RFC 9457, sent as `application/problem+json`. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    // Object.keys returns exactly the keys of this constant.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    code: Type.Enum(Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]),
    detail: Type.Optional(Type.String()),
    traceId: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(FieldError)),
  },
  { additionalProperties: false, title: 'Problem' },
);
export type Problem = Static<typeof Problem>;
