import {
  ChangeEmailCommand,
  PreviewVerificationCommand,
  ReasonCommand,
  ResendVerificationCommand,
  UpdateUserCommand,
  VerifyEmailCommand,
} from '../commands.ts';
import type { ErrorCode } from '../error-codes.ts';
import { changeHeaders, problemsOfConditions } from './change-conditions.ts';
import { VerificationPreview } from '../verification-preview.ts';
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
  description: 'Accepted; the answer does not depend on the state of the address',
  body: RequestAccepted,
  headers: commandHeaders,
} as const satisfies Answer;

/** The operations that change a registered person. */
export const USER_OPERATIONS = {
  verifyEmail: {
    id: 'verifyEmail',
    service: 'command-api',
    method: 'post',
    path: '/v1/email-verifications',
    summary: 'Prove a mailbox',
    description: `Accepts the token of a link that was sent to the mailbox.

The token of an attempt creates its account. Data that the prover sends replaces the data of the attempt (a profile as a whole); the terms count as accepted now. The token of an account proves its mailbox; the token of an address change makes the change. A second use changes nothing and gets the same answer.

409 \`address-taken\`: a proven account has the address. 409 \`address-unproven\`: an unproven account holds it; the token stays valid for another request with \`holder\`: \`confirm\` proves that account instead and answers its \`userId\` (409 \`user-deactivated\` if it is deactivated, 422 if the address is free by then); \`not-mine\` releases the address from it and continues. With \`notMine\` the owner of the mailbox states that the account, attempt or change of the token is not theirs.

The old mailbox of a change gets a token too. It needs \`notMine\` (422 without it) and cancels the change while that is pending. For 72 hours after the change was made it takes the change back, and those after it: the old address is the address again, also of a deactivated account. A second use changes nothing. After that it is 409 \`address-taken\`.`,
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
  previewVerification: {
    id: 'previewVerification',
    service: 'command-api',
    method: 'post',
    path: '/v1/email-verifications/preview',
    summary: 'See what the token of a link is for',
    description:
      'For a page that asks the person before it proves anything: what `POST /v1/email-verifications` would do with the token, and which fields it needs. It proves and changes nothing. Whoever has the token owns the mailbox, so the answer shows the data of the registration or account.',
    token: 'optional',
    scopes: [],
    params: {},
    headers: {},
    body: PreviewVerificationCommand,
    answers: {
      200: {
        description: 'What the token is for',
        body: VerificationPreview,
        headers: { 'Cache-Control': commandHeaders['Cache-Control'] },
      },
    },
    problems: [
      ...problemsEverywhere,
      ...problemsOfBodies,
      'rate-limited',
      'log-unavailable',
      'invalid-verification-token',
    ],
  },
  resendVerification: {
    id: 'resendVerification',
    service: 'command-api',
    method: 'post',
    path: '/v1/email-verifications/resend',
    summary: 'Ask for the verification mail again',
    description:
      'The answer and the work are the same for every address. The mail wish expires after a day.',
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
      'A merge patch (RFC 7396), for the person (a token whose `sub` is the id) and for scope `users:write`. With `If-Match` the change applies only to the named version.',
    token: 'needed',
    scopes: ['users:write'],
    params: idParam,
    headers: changeHeaders,
    body: UpdateUserCommand,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      ...problemsOfBodies,
      ...problemsOfUsers,
      'user-deactivated',
      'self-deactivated',
      'too-many-changes',
      ...problemsOfConditions,
    ],
  },
  changeEmail: {
    id: 'changeEmail',
    service: 'command-api',
    method: 'post',
    path: '/v1/users/{id}/email-changes',
    summary: 'Request another address',
    description:
      'For the person and for scope `users:write`. The new address takes effect when its mailbox is proven; until then the old one stays. Both mailboxes get a mail. A proven old address stays reserved for 72 hours, in which nobody else can take it and its mailbox can take the change back; no more than three are reserved (409 `too-many-changes`). A request for the present address cancels a pending change.',
    token: 'needed',
    scopes: ['users:write'],
    params: idParam,
    headers: changeHeaders,
    body: ChangeEmailCommand,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      ...problemsOfBodies,
      ...problemsOfUsers,
      'user-deactivated',
      'self-deactivated',
      'too-many-changes',
      ...problemsOfConditions,
    ],
  },
  deactivateUser: {
    id: 'deactivateUser',
    service: 'command-api',
    method: 'post',
    path: '/v1/users/{id}/deactivations',
    summary: 'Deactivate a person',
    description:
      'The address stays theirs. Their own token can no longer read, change or erase them (403 `self-deactivated`). A repeated request changes nothing.',
    token: 'needed',
    scopes: ['users:admin'],
    params: idParam,
    headers: changeHeaders,
    body: ReasonCommand,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      ...problemsOfBodies,
      ...problemsOfUsers,
      ...problemsOfConditions,
    ],
  },
  reactivateUser: {
    id: 'reactivateUser',
    service: 'command-api',
    method: 'post',
    path: '/v1/users/{id}/reactivations',
    summary: 'Reactivate a person',
    description:
      'Changes nothing for a person who is active. An account that was disowned stays without an address until it proves a new one by an address change.',
    token: 'needed',
    scopes: ['users:admin'],
    params: idParam,
    headers: changeHeaders,
    body: ReasonCommand,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      ...problemsOfBodies,
      ...problemsOfUsers,
      ...problemsOfConditions,
    ],
  },
  eraseUser: {
    id: 'eraseUser',
    service: 'command-api',
    method: 'delete',
    path: '/v1/users/{id}',
    summary: 'Erase a person',
    description:
      'For the person, unless an operator deactivated them (403 `self-deactivated`), and for scope `users:erase`. When the answer arrives, the key of their data is destroyed and no read returns them; `GET /v1/users/{id}/erasure` reports the progress of each store. Older attempts on their address can no longer be proven and are deleted soon after. A repeated request gets the same answer. The id of an attempt is accepted too, with scope `users:erase` or by a token whose subject it is, and matches no `If-Match`: the attempt is deleted, and its link proves nothing. The same holds for its remains, for an hour after its instant.',
    token: 'needed',
    scopes: ['users:erase'],
    params: idParam,
    headers: changeHeaders,
    answers: { 202: accepted },
    problems: [
      ...problemsOfCommands,
      'forbidden',
      'self-deactivated',
      'not-found',
      'user-not-found',
      'projection-lagging',
      ...problemsOfConditions,
    ],
  },
} as const satisfies Readonly<Record<string, Operation>>;
