import { ERROR_CODES, type ErrorCode } from '../error-codes.ts';
import { PositionToken } from '../identifiers.ts';
import { readHeaders } from '../operations/operation.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEM_STATUS, Problem } from '../problem.ts';
import { exampleProblem } from './examples.ts';
import { rateLimitFields } from './rate-limit-fields.ts';
import type { JsonObject, SchemaComponents } from './schema-components.ts';

/** Returns the problem documents of an operation: one response for each status, with its codes. */
export function toProblemResponses(
  codes: readonly ErrorCode[],
  { refer }: SchemaComponents,
): JsonObject {
  const limits = codes.includes('rate-limited') ? rateLimitFields : {};
  const byStatus = Map.groupBy(codes, (code) => PROBLEM_STATUS[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      String(status),
      {
        description: some.map((code) => `\`${code}\`: ${ERROR_CODES[code]}`).join('  \n'),
        headers: { ...problemHeaders(status, some, refer), ...limits },
        content: {
          [PROBLEM_MEDIA_TYPE]: {
            schema: {
              allOf: [
                refer(Problem),
                { properties: { status: { const: status }, code: { enum: some } } },
              ],
            },
            examples: Object.fromEntries(some.map((code) => [code, toExample(code)])),
          },
        },
      },
    ]),
  );
}

function toExample(code: ErrorCode): JsonObject {
  const { errors = [], ...rest } = exampleProblem(code);
  const places = errors.map((place) => ({ ...place }));
  return {
    summary: ERROR_CODES[code],
    value: places.length === 0 ? rest : { ...rest, errors: places },
  };
}

function problemHeaders(
  status: number,
  codes: readonly ErrorCode[],
  refer: SchemaComponents['refer'],
): JsonObject {
  const knowsPosition = codes.some((code) => WITH_POSITION.has(code));
  return {
    'Cache-Control': {
      description: 'A problem must not be cached',
      schema: { const: 'no-store' },
    },
    ...(status === 401
      ? {
          'WWW-Authenticate': {
            description:
              'The authentication scheme to use, and after a bearer token what is wrong with it (RFC 6750)',
            required: true,
            schema: { enum: ['Bearer', 'Bearer error="invalid_token"'] },
          },
        }
      : {}),
    ...(codes.includes('forbidden')
      ? {
          'WWW-Authenticate': {
            description: 'The scope that the token lacks (RFC 6750)',
            // A person who is deactivated lacks no scope.
            required: codes.length === 1,
            schema: { pattern: '^Bearer error="insufficient_scope", scope="[a-z]+:[a-z]+"$' },
          },
        }
      : {}),
    ...(status === 405
      ? {
          Allow: { description: 'Allowed methods', required: true, schema: { type: 'string' } },
        }
      : {}),
    ...(status === 415
      ? {
          Accept: {
            description: 'Media types that this path takes; of a PATCH, `Accept-Patch` says so',
            schema: { type: 'string' },
          },
          'Accept-Patch': {
            description: 'Media types that a PATCH of this path takes',
            schema: { type: 'string' },
          },
          'Accept-Encoding': {
            description: 'A body must not be compressed',
            required: true,
            schema: { const: 'identity' },
          },
        }
      : {}),
    ...(status === 503 || status === 429
      ? {
          'Retry-After': {
            description: 'Seconds to wait before a retry',
            required: true,
            schema: { type: 'integer', minimum: 1 },
          },
        }
      : {}),
    ...(knowsPosition
      ? {
          Position: {
            description: 'The position in the log up to which this holds',
            schema: refer(PositionToken),
          },
        }
      : {}),
    ...(codes.some((code) => OF_READERS.has(code))
      ? Object.fromEntries(
          [
            ['Preference-Applied', readHeaders['Preference-Applied']] as const,
            ['Age', readHeaders.Age] as const,
            ['Vary', readHeaders.Vary] as const,
          ].map(([name, { description, schema }]) => [
            name,
            { description, schema: refer(schema) },
          ]),
        )
      : {}),
  };
}

/** Problems that are decided at a position of the log. */
const WITH_POSITION: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'user-not-found',
  'user-erased',
  'self-deactivated',
  'registration-not-found',
]);

/** Problems of queries that occur after the requested preference was applied. */
const OF_READERS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'user-not-found',
  'user-erased',
  'self-deactivated',
  'registration-not-found',
  'projection-lagging',
  'account-parked',
]);
