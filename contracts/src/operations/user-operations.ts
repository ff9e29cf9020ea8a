import { Type } from 'typebox';
import {
  ChangeEmailCommand,
  ReasonCommand,
  ResendVerificationCommand,
  UpdateUserCommand,
  VerifyEmailCommand,
} from '../commands.ts';
import type { ErrorCode } from '../error-codes.ts';
import { CommandAccepted, RequestAccepted } from '../views.ts';
import {
  type Answer,
  commandHeaders,
  idParam,
  type Operation,
  problemsEverywhere,
  waitHeaders,
} from './operation.ts';

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
    description: `Takes the token of a link that was sent to the mailbox.

The token of an attempt makes its account, with the data that the prover sends in the place of the attempt's (a profile as a whole); the terms count as accepted now. That of an account proves its mailbox, that of an address change makes the change. A second use changes nothing and answers the same.

409 \`address-taken\`: a proven account has the address. 409 \`address-unproven\`: an account that nobody has proven holds it; the token stays good for another request with \`holder\`: \`confirm\` proves that account instead and answers its \`userId\` (409 \`user-deactivated\` where it is deactivated, 422 where the address is free by now), \`not-mine\` releases the address from it and goes on. With \`notMine\` the owner of the mailbox says that what the token names is not theirs.`,
    token: 'optional',
    scopes: [],
    params: {},
    headers: waitHeaders,
    body: VerifyEmailCommand,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      ...problemsOfBodies,
      'invalid-verification-token',
      'address-taken',
      'address-unproven',
      'user-deactivated',
    ],
  },
  resendVerification: {
    id: 'resendVerification',
    service: 'command-api',
    method: 'post',
    path: '/v1/email-verifications/resend',
    summary: 'Ask for the verification mail again',
    description:
      'The same answer, and the same work, whatever is behind the address. The wish lives for a day.',
    token: 'optional',
    scopes: [],
    params: {},
    headers: waitHeaders,
    body: ResendVerificationCommand,
    answers: { 202: acceptedAlike },
    problems: [...problemsOfCommands, ...problemsOfBodies, 'log-full'],
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
      'For the person and for scope `users:write`. The new address takes effect when its mailbox is proven; until then the old one stays. Asking for the present address takes a pending change back.',
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
    description: 'The address stays theirs. A second time changes nothing.',
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
    description:
      'Of a person who is active it changes nothing. An account that was disowned stays without an address until a change of it is proven.',
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
      'For the person and for scope `users:erase`. When it is answered, the key of their data is destroyed and no read yields them any more; `GET /v1/users/{id}/erasure` tells the progress of each store. Attempts on their address from before prove nothing any more and are deleted soon after. A second time gives the same answer. The id of an attempt is taken too (scope `users:erase`): it is deleted, and its link proves nothing; so is what is left of it for an hour after its instant.',
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
