import { type Static, Type } from 'typebox';
import { ERROR_CODES, FIELD_CODES } from './error-codes.ts';

/** The base of the `type` URI of every problem; the rest of the URI is the code. */
export const PROBLEM_TYPE_BASE = 'https://zameni.example/problems/';

/** One place of a request that breaks a rule: JSON pointer (RFC 6901) and code. */
export const FieldError = Type.Object(
  {
    pointer: Type.String(),
    code: Type.Enum(Object.keys(FIELD_CODES) as (keyof typeof FIELD_CODES)[]),
  },
  { additionalProperties: false },
);
export type FieldError = Static<typeof FieldError>;

/** Problem document of RFC 9457, sent as `application/problem+json`. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Enum(Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]),
    detail: Type.Optional(Type.String()),
    traceId: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(FieldError)),
  },
  { additionalProperties: false, title: 'Problem' },
);
export type Problem = Static<typeof Problem>;
