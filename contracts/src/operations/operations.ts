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
import {
  commandHeaders,
  type Field,
  freshnessHeaders,
  idParam,
  type Operation,
  problemsEverywhere,
  readHeaders,
  waitHeaders,
} from './operation.ts';
import { USER_OPERATIONS } from './user-operations.ts';

const etag = {
  description: 'Strong: changes with each version',
  schema: EntityTag,
  required: true,
} as const satisfies Field;

/** Every operation of both APIs; routes, the OpenAPI document and the client are made from them. */
export const OPERATIONS = {
  registerPerson: {
    id: 'registerPerson',
    service: 'command-api',
    method: 'post',
    path: '/v1/registrations',
    summary: 'Register a person',
    description:
      'From the public (no scope) this is an *attempt*: it holds no address, and ends when its mailbox is proven or after seven days by default. A public body has 4 KiB at most. The answer is the same 202 whatever is behind the address. With scope `registrations:write` it makes an account at once, which holds its address: 201, or 409 when another account has it. A caller with the scope must not give a session before `emailVerified` is true. The id of a registration authorises nothing, also not after proof.',
    token: 'optional',
    scopes: ['registrations:write'],
    params: {},
    headers: {
      ...waitHeaders,
      'Idempotency-Key': {
        description:
          'The same key and body give the same answer again while attempt or account live; after the end of an attempt the same key begins another one under the same id. After 409 a retry is decided again',
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
        description: 'An attempt, which waits for proof of its mailbox',
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
    summary: 'Read how a registration stands',
    description:
      'Possession of the id is enough, and authorises nothing else. `accepted`: in the log; `awaiting-proof`: an attempt whose mailbox is to be proven; `registered`: there is an account. 404 once the time for proof is over (also for an attempt that confirmed another account), and after the erasure of the account or of the attempt.',
    token: 'optional',
    scopes: [],
    params: idParam,
    headers: freshnessHeaders,
    answers: {
      200: { description: 'The registration', body: RegistrationView, headers: readHeaders },
    },
    problems: [
      ...problemsEverywhere,
      'malformed-header',
      'not-found',
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
    params: idParam,
    headers: {
      ...freshnessHeaders,
      'If-None-Match': {
        description: 'An `ETag` of an earlier answer: 304 when nothing changed',
        schema: Type.String(),
      },
    },
    answers: {
      200: { description: 'The person', body: UserView, headers: { ...readHeaders, ETag: etag } },
      304: { description: 'Not changed', headers: { ...readHeaders, ETag: etag } },
    },
    problems: [
      ...problemsEverywhere,
      'malformed-header',
      'forbidden',
      'not-found',
      'user-not-found',
      'user-erased',
      'projection-lagging',
      'store-unavailable',
    ],
  },
  readErasure: {
    id: 'readErasure',
    service: 'query-api',
    method: 'get',
    path: '/v1/users/{id}/erasure',
    summary: 'Read how far an erasure has come',
    description:
      'For the person and for scope `users:erase`: when each store had erased them, and which servers were away and are not done yet.',
    token: 'needed',
    scopes: ['users:erase'],
    params: idParam,
    headers: {},
    answers: {
      200: { description: 'The erasure', body: ErasureView, headers: readHeaders },
    },
    problems: [
      ...problemsEverywhere,
      'forbidden',
      'not-found',
      'user-not-found',
      'store-unavailable',
    ],
  },
  ...USER_OPERATIONS,
  ...IMPORT_OPERATIONS,
} as const satisfies Readonly<Record<string, Operation>>;

/** The name of an operation. */
export type OperationId = keyof typeof OPERATIONS;
