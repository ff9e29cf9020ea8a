import { type TSchema, Type } from 'typebox';
import { IdempotencyKey, RegisterCommand } from './commands.ts';
import type { ErrorCode } from './error-codes.ts';
import { PositionToken, Uuid } from './identifiers.ts';
import type { HttpService } from './routes.ts';
import type { Scope } from './scopes.ts';
import { RegistrationAccepted, RegistrationCreated, RegistrationView, UserView } from './views.ts';

/** A header of a request or an answer. */
export type HeaderField = { readonly description: string; readonly schema: TSchema };

/** An answer that is not a problem document. */
export type Answer = {
  readonly description: string;
  readonly body?: TSchema;
  readonly headers: Readonly<Record<string, HeaderField>>;
};

/** One operation of the surface: its route, what it takes and everything it can answer. */
export type Operation = {
  readonly id: string;
  readonly service: HttpService;
  readonly method: 'get' | 'post';
  readonly path: `/v1/${string}`;
  readonly summary: string;
  readonly description: string;
  /** Whether a token is needed; scopes that open it, or open more of it. */
  readonly token: 'needed' | 'optional';
  readonly scopes: readonly Scope[];
  readonly headers: Readonly<Record<string, HeaderField>>;
  readonly body?: TSchema;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems: readonly ErrorCode[];
};

const position = {
  description: 'The position in the log that this answer covers or created',
  schema: PositionToken,
};
const freshness = {
  'Min-Position': {
    description: 'A `Position` of an earlier answer: this answer covers at least that position',
    schema: PositionToken,
  },
  Prefer: {
    description: '`wait=N`: seconds to wait for `Min-Position`, 30 at most (RFC 7240)',
    schema: Type.String({ examples: ['wait=5'] }),
  },
};
const readHeaders = {
  Position: position,
  Age: {
    description: 'Seconds since the cache got this, when it came from there',
    schema: Type.Integer({ minimum: 0 }),
  },
  'Cache-Control': { description: '`private, no-cache`', schema: Type.String() },
  'Preference-Applied': {
    description: 'The `wait` that was applied',
    schema: Type.String(),
  },
};
/** Problems any operation can answer: of the caller's token, the service and the gateway. */
const everywhere = [
  'unauthorized',
  'overloaded',
  'internal',
  'bad-request',
  'request-timeout',
  'service-unavailable',
  'gateway-timeout',
] as const satisfies readonly ErrorCode[];

/** Every operation of both APIs; routes, the OpenAPI document and the client are made from them. */
export const OPERATIONS = {
  registerPerson: {
    id: 'registerPerson',
    service: 'command-api',
    method: 'post',
    path: '/v1/registrations',
    summary: 'Register a person',
    description:
      'Accepts a registration when it is safe in the log. The public gets the same 202 whether the address is new or taken; with scope `registrations:write` the exact outcome is 201 or 409.',
    token: 'optional',
    scopes: ['registrations:write'],
    headers: {
      'Idempotency-Key': {
        description: 'The same key and body give the same answer again, for ever',
        schema: IdempotencyKey,
      },
    },
    body: RegisterCommand,
    answers: {
      201: {
        description: 'Registered (scope `registrations:write`)',
        body: RegistrationCreated,
        headers: {
          Location: { description: 'The person', schema: Type.String() },
          Position: position,
        },
      },
      202: {
        description: 'Accepted',
        body: RegistrationAccepted,
        headers: {
          Location: { description: 'The registration', schema: Type.String() },
          Position: position,
        },
      },
    },
    problems: [
      ...everywhere,
      'malformed-json',
      'malformed-header',
      'invalid-request',
      'idempotency-key-reused',
      'address-taken',
      'payload-too-large',
      'unsupported-media-type',
      'log-unavailable',
    ],
  },
  readRegistration: {
    id: 'readRegistration',
    service: 'query-api',
    method: 'get',
    path: '/v1/registrations/{id}',
    summary: 'Read how a registration stands',
    description:
      'Possession of the id is enough. `accepted`: in the log; `processed`: readable. With scope `registrations:write` the outcome is told too.',
    token: 'optional',
    scopes: ['registrations:write'],
    headers: freshness,
    answers: {
      200: { description: 'The registration', body: RegistrationView, headers: readHeaders },
    },
    problems: [
      ...everywhere,
      'malformed-header',
      'registration-not-found',
      'projection-lagging',
      'store-unavailable',
      'log-unavailable',
    ],
  },
  readUser: {
    id: 'readUser',
    service: 'query-api',
    method: 'get',
    path: '/v1/users/{id}',
    summary: 'Read a person',
    description: 'For the person (a token whose `sub` is the id) and for scope `users:read`.',
    token: 'needed',
    scopes: ['users:read'],
    headers: {
      ...freshness,
      'If-None-Match': {
        description: 'An `ETag` of an earlier answer: 304 when nothing changed',
        schema: Type.String(),
      },
    },
    answers: {
      200: {
        description: 'The person',
        body: UserView,
        headers: {
          ...readHeaders,
          ETag: { description: 'Strong: changes with each version', schema: Type.String() },
        },
      },
      304: { description: 'Not changed', headers: readHeaders },
    },
    problems: [
      ...everywhere,
      'malformed-header',
      'forbidden',
      'user-not-found',
      'projection-lagging',
      'store-unavailable',
    ],
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** The name of an operation. */
export type OperationId = keyof typeof OPERATIONS;

/** The path parameters of all operations: every `{id}` is a UUID. */
export const PathId = Uuid;
