import { Type } from 'typebox';
import { IdempotencyKey, RegisterCommand } from '../commands.ts';
import { EntityTag } from '../identifiers.ts';
import {
  ErasureView,
  RegistrationAccepted,
  RegistrationCreated,
  RegistrationView,
  UserView,
} from '../views.ts';
import { IMPORT_OPERATIONS } from './import-operations.ts';
import { MESSAGE_OPERATIONS } from './message-operations.ts';
import {
  commandHeaders,
  type Field,
  freshnessHeaders,
  idParam,
  type Operation,
  parkedHeaders,
  problemsEverywhere,
  problemsOfQueries,
  readHeaders,
  waitHeaders,
} from './operation.ts';
import { PROJECTION_OPERATIONS } from './projection-operations.ts';
import { STATS_OPERATIONS } from './stats-operations.ts';
import { USER_OPERATIONS } from './user-operations.ts';

const etag = {
  description: 'Strong tag that changes with each version',
  schema: EntityTag,
  required: true,
} as const satisfies Field;

/** Every operation of both APIs. Routes, the OpenAPI document and the client derive from them. */
export const OPERATIONS = {
  registerPerson: {
    id: 'registerPerson',
    service: 'command-api',
    method: 'post',
    path: '/v1/registrations',
    summary: 'Register a person',
    description:
      'From the public (no scope) this is an *attempt*: it holds no address, and ends when its mailbox is proven or after seven days by default. A public body has at most 4 KiB. The answer is the same 202 for every address. With scope `registrations:write` it creates an account at once, which holds its address: 201, or 409 if another account holds it. A caller with the scope must not start a session before `emailVerified` is true. The id of a registration authorises nothing, even after proof.',
    token: 'optional',
    scopes: ['registrations:write'],
    params: {},
    headers: {
      ...waitHeaders,
      'Idempotency-Key': {
        description:
          'The same key and body get the same answer again while the attempt or account exists. After the end of an attempt, the same key starts another one under the same id. After 409, a retry is decided again',
        schema: IdempotencyKey,
      },
    },
    body: RegisterCommand,
    answers: {
      201: {
        description: 'An account (scope `registrations:write`)',
        body: RegistrationCreated,
        headers: {
          Location: {
            description: 'The person',
            schema: Type.String({ pattern: '^/v1/users/[0-9a-f-]{36}$' }),
            required: true,
          },
          ...commandHeaders,
        },
      },
      202: {
        description: 'An attempt that awaits proof of its mailbox',
        body: RegistrationAccepted,
        headers: {
          Location: {
            description: 'The registration',
            schema: Type.String({ pattern: '^/v1/registrations/[0-9a-f-]{36}$' }),
            required: true,
          },
          ...commandHeaders,
        },
      },
    },
    problems: [
      ...problemsEverywhere,
      'malformed-json',
      'malformed-header',
      'invalid-request',
      'idempotency-key-reused',
      'address-taken',
      'user-erased',
      'rate-limited',
      'payload-too-large',
      'unsupported-media-type',
      'log-unavailable',
      'log-full',
    ],
  },
  readRegistration: {
    id: 'readRegistration',
    service: 'query-api',
    method: 'get',
    path: '/v1/registrations/{id}',
    summary: 'Read the status of a registration',
    description:
      'The id is sufficient to read it, and authorises nothing else. Only ids that Zameni has given are looked for: they carry a check. `accepted`: in the log; `awaiting-proof`: an attempt whose mailbox is not proven yet; `registered`: the account exists. 404 after the time for proof (also for an attempt that confirmed another account), and after the erasure of the account or of the attempt.',
    token: 'optional',
    scopes: [],
    params: idParam,
    headers: freshnessHeaders,
    answers: {
      200: {
        description: 'The registration',
        body: RegistrationView,
        headers: { ...readHeaders, ...parkedHeaders },
      },
    },
    problems: [
      ...problemsOfQueries,
      'malformed-header',
      'not-found',
      'registration-not-found',
      'position-unknown',
      'projection-lagging',
      'account-parked',
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
    description:
      'For the person (a token whose `sub` is the id), unless they are deactivated (403 `self-deactivated`), and for scope `users:read`. While records of the account are parked, the answer shows what was before them: `parked` is true and `Account-Parked` is set.',
    token: 'needed',
    scopes: ['users:read'],
    params: idParam,
    headers: {
      ...freshnessHeaders,
      'If-None-Match': {
        description: 'An `ETag` of an earlier answer: 304 if nothing changed',
        schema: Type.String(),
      },
    },
    answers: {
      200: {
        description: 'The person',
        body: UserView,
        headers: { ...readHeaders, ...parkedHeaders, ETag: etag },
      },
      304: {
        description: 'Not changed',
        headers: { ...readHeaders, ...parkedHeaders, ETag: etag },
      },
    },
    problems: [
      ...problemsOfQueries,
      'malformed-header',
      'forbidden',
      'self-deactivated',
      'not-found',
      'user-not-found',
      'user-erased',
      'position-unknown',
      'projection-lagging',
      'account-parked',
      'store-unavailable',
    ],
  },
  readErasure: {
    id: 'readErasure',
    service: 'query-api',
    method: 'get',
    path: '/v1/users/{id}/erasure',
    summary: 'Read the progress of an erasure',
    description:
      'For the person and for scope `users:erase`: when each store erased them, and which servers are or were away and are not done yet.',
    token: 'needed',
    scopes: ['users:erase'],
    params: idParam,
    headers: {},
    answers: {
      200: { description: 'The erasure', body: ErasureView, headers: readHeaders },
    },
    problems: [
      ...problemsOfQueries,
      'forbidden',
      'not-found',
      'user-not-found',
      'store-unavailable',
    ],
  },
  ...USER_OPERATIONS,
  ...MESSAGE_OPERATIONS,
  ...IMPORT_OPERATIONS,
  ...STATS_OPERATIONS,
  ...PROJECTION_OPERATIONS,
} as const satisfies Readonly<Record<string, Operation>>;

/** The name of an operation. */
export type OperationId = keyof typeof OPERATIONS;
