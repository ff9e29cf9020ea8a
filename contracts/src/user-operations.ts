import { Type } from 'typebox';
import {
  ChangeEmailCommand,
  ReasonCommand,
  ResendVerificationCommand,
  UpdateUserCommand,
  VerifyEmailCommand,
} from './commands.ts';
import type { ErrorCode } from './error-codes.ts';
import {
  type Answer,
  commandHeaders,
  idParam,
  type Operation,
  problemsEverywhere,
  waitHeaders,
} from './operation.ts';
import { CommandAccepted, RequestAccepted } from './views.ts';

const problemsOfCommands = [
  ...problemsEverywhere,
  'rate-limited',
  'malformed-header',
  'log-unavailable',
] as const satisfies readonly ErrorCode[];

const problemsOfBodies = [
  'malformed-json',
  'invalid-request',
  'payload-too-large',
  'unsupported-media-type',
] as const satisfies readonly ErrorCode[];

const problemsOfUsers = [
  'forbidden',
  'not-found',
  'user-not-found',
  'user-erased',
] as const satisfies readonly ErrorCode[];

const accepted = {
  description: 'In the log',
  body: CommandAccepted,
  headers: commandHeaders,
} as const satisfies Answer;

const acceptedAlike = {
  description: 'Accepted; the same whatever lies behind it',
  body: RequestAccepted,
  headers: commandHeaders,
} as const satisfies Answer;

/** The operations that change a person who is registered. */
export const USER_OPERATIONS = {
  verifyEmail: {
    id: 'verifyEmail',
    service: 'command-api',
    method: 'post',
    path: '/v1/email-verifications',
    summary: 'Prove a mailbox',
    description:
      'Takes the token of a link that was sent to the mailbox. Whoever proves it first owns the address; a second use changes nothing.',
    token: 'optional',
    scopes: [],
    params: {},
    headers: waitHeaders,
    body: VerifyEmailCommand,
    answers: { 202: acceptedAlike },
    problems: [
      ...problemsOfCommands,
      ...problemsOfBodies,
      'invalid-verification-token',
      'address-taken',
    ],
  },
  resendVerification: {
    id: 'resendVerification',
    service: 'command-api',
    method: 'post',
    path: '/v1/email-verifications/resend',
    summary: 'Ask for the verification mail again',
    description: 'The same answer whether the address is known, proven or new.',
    token: 'optional',
    scopes: [],
    params: {},
    headers: waitHeaders,
    body: ResendVerificationCommand,
    answers: { 202: acceptedAlike },
    problems: [...problemsOfCommands, ...problemsOfBodies],
  },
  updateUser: {
    id: 'updateUser',
    service: 'command-api',
    method: 'patch',
    path: '/v1/users/{id}',
    summary: 'Change name, locale or profile',
    description:
      'A merge patch (RFC 7396), for the person (a token whose `sub` is the id) and for scope `users:write`. With `If-Match` only when the version still is the one named.',
    token: 'needed',
    scopes: ['users:write'],
    params: idParam,
    headers: {
      ...waitHeaders,
      'If-Match': {
        description: 'An `ETag` of a read: 412 when the person has changed since',
        schema: Type.String(),
      },
    },
    body: UpdateUserCommand,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      ...problemsOfBodies,
      ...problemsOfUsers,
      'user-deactivated',
      'too-many-changes',
      'precondition-failed',
    ],
  },
  changeEmail: {
    id: 'changeEmail',
    service: 'command-api',
    method: 'post',
    path: '/v1/users/{id}/email-changes',
    summary: 'Ask for another address',
    description:
      'For the person and for scope `users:write`. The new address takes effect when its mailbox is proven; until then the old one stays.',
    token: 'needed',
    scopes: ['users:write'],
    params: idParam,
    headers: waitHeaders,
    body: ChangeEmailCommand,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      ...problemsOfBodies,
      ...problemsOfUsers,
      'user-deactivated',
      'too-many-changes',
    ],
  },
  deactivateUser: {
    id: 'deactivateUser',
    service: 'command-api',
    method: 'post',
    path: '/v1/users/{id}/deactivations',
    summary: 'Deactivate a person',
    description: 'The address stays hers. A second time changes nothing.',
    token: 'needed',
    scopes: ['users:admin'],
    params: idParam,
    headers: waitHeaders,
    body: ReasonCommand,
    answers: { 202: accepted },
    problems: [...problemsOfCommands, ...problemsOfBodies, ...problemsOfUsers],
  },
  reactivateUser: {
    id: 'reactivateUser',
    service: 'command-api',
    method: 'post',
    path: '/v1/users/{id}/reactivations',
    summary: 'Reactivate a person',
    description: 'Of a person who is active it changes nothing.',
    token: 'needed',
    scopes: ['users:admin'],
    params: idParam,
    headers: waitHeaders,
    body: ReasonCommand,
    answers: { 202: accepted },
    problems: [...problemsOfCommands, ...problemsOfBodies, ...problemsOfUsers],
  },
  eraseUser: {
    id: 'eraseUser',
    service: 'command-api',
    method: 'delete',
    path: '/v1/users/{id}',
    summary: 'Erase a person',
    description:
      'For the person and for scope `users:erase`. When it is answered, the key of her data is destroyed and no read yields her any more; `GET /v1/users/{id}/erasure` tells the progress of each store. A second time gives the same answer.',
    token: 'needed',
    scopes: ['users:erase'],
    params: idParam,
    headers: waitHeaders,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      'forbidden',
      'not-found',
      'user-not-found',
      'projection-lagging',
    ],
  },
} as const satisfies Readonly<Record<string, Operation>>;
