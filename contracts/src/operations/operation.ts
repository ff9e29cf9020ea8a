import { type TSchema, Type } from 'typebox';
import type { ErrorCode } from '../error-codes.ts';
import { PositionToken, Uuid } from '../identifiers.ts';
import type { Scope } from './scopes.ts';

/** A service that answers HTTP requests behind the gateway. */
export type HttpService = 'command-api' | 'query-api';

/** Media type of NDJSON: one JSON text on each line. */
export const NDJSON_MEDIA_TYPE = 'application/x-ndjson';

/** Media type of a merge patch (RFC 7396). A PATCH takes it, and plain JSON. */
export const MERGE_PATCH_MEDIA_TYPE = 'application/merge-patch+json';

/** A header, a path parameter or a query parameter. */
export type Field = {
  readonly description: string;
  readonly schema: TSchema;
  /** True if it is always present. */
  readonly required?: true;
};

/** An answer that is not a problem document. */
export type Answer = {
  readonly description: string;
  readonly body?: TSchema;
  /** Replaces the body: NDJSON, each line of this schema. */
  readonly lines?: TSchema;
  readonly headers: Readonly<Record<string, Field>>;
};

/** One operation of the API: its route, its input and all its answers. */
export type Operation = {
  readonly id: string;
  readonly service: HttpService;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: `/v1/${string}`;
  readonly summary: string;
  readonly description: string;
  readonly token: 'needed' | 'optional';
  /** Scopes that permit the operation, or more of it. */
  readonly scopes: readonly Scope[];
  /** One entry for each `{name}` of the path. */
  readonly params: Readonly<Record<string, Field>>;
  readonly query?: Readonly<Record<string, Field>>;
  readonly headers: Readonly<Record<string, Field>>;
  readonly body?: TSchema;
  /** Replaces the body: NDJSON, each line of this schema. */
  readonly lines?: TSchema;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems: readonly ErrorCode[];
};

/** The `{id}` of a path. An id of another form is answered 404, because nothing has it. */
export const idParam = {
  id: { description: 'The id from the registration', schema: Uuid, required: true },
} as const satisfies Record<string, Field>;

/** `Position`, present on every answer that knows a position. */
const positionHeader = {
  description: 'The position in the log that this answer covers or created',
  schema: PositionToken,
  required: true,
} as const satisfies Field;

/** Request headers that state how fresh an answer must be. */
export const freshnessHeaders = {
  'Min-Position': {
    description: 'A `Position` of an earlier answer: this answer covers at least that position',
    schema: PositionToken,
  },
  Prefer: {
    description: '`wait=N`: seconds to wait for `Min-Position`, 30 at most (RFC 7240)',
    schema: Type.String({ examples: ['wait=5'] }),
  },
} as const satisfies Record<string, Field>;

/** The headers of every answer to a query. */
export const readHeaders = {
  Position: positionHeader,
  Age: {
    description: 'Seconds since the cache received this; only on answers from the cache',
    schema: Type.Integer({ minimum: 0 }),
  },
  'Cache-Control': {
    description: 'Only a private cache may keep the answer, and must revalidate it before use',
    schema: Type.Literal('private, no-cache'),
    required: true,
  },
  Vary: {
    description: 'The answer depends on the caller',
    schema: Type.Literal('Authorization'),
    required: true,
  },
  'Preference-Applied': {
    description: 'The `wait` that was applied',
    schema: Type.String({ pattern: '^wait=[0-9]{1,2}$' }),
  },
} as const satisfies Record<string, Field>;

/** Marks an answer about an account or attempt with records that wait. */
export const parkedHeaders = {
  'Account-Parked': {
    description:
      'Records of this account or attempt are parked: the answer ends before the first of them, as `Position` says',
    schema: Type.Literal('true'),
  },
} as const satisfies Record<string, Field>;

/** The headers of every answer to a command. */
export const commandHeaders = {
  Position: positionHeader,
  'Cache-Control': {
    description: 'An answer to a command must not be cached',
    schema: Type.Literal('no-store'),
    required: true,
  },
  'Preference-Applied': {
    description: 'The `wait` that was applied; the read model has passed the outcome',
    schema: Type.String({ pattern: '^wait=[0-9]{1,2}$' }),
  },
} as const satisfies Record<string, Field>;

/** `Prefer` of a command: waits until its outcome is readable. */
export const waitHeaders = {
  Prefer: {
    description:
      '`wait=N`: seconds to wait until the outcome is readable, 30 at most (RFC 7240); `Preference-Applied` confirms that the read model has passed it',
    schema: Type.String({ examples: ['wait=5'] }),
  },
} as const satisfies Record<string, Field>;

/** Problems of every operation, caused by the caller's token, the service or the gateway. */
export const problemsEverywhere = [
  'unauthorized',
  'overloaded',
  'internal',
  'bad-request',
  'request-timeout',
  'service-unavailable',
  'gateway-timeout',
] as const satisfies readonly ErrorCode[];

/** Problems of every query besides those of every operation. */
export const problemsOfQueries = [
  ...problemsEverywhere,
  'rate-limited',
] as const satisfies readonly ErrorCode[];
