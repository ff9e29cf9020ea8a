import type { RegisterCommand } from '../commands.ts';
import { ERROR_CODES, type ErrorCode } from '../error-codes.ts';
import { PROBLEM_STATUS, PROBLEM_TYPE_BASE, type Problem } from '../problem.ts';
import type { ImportLine } from '../import-views.ts';
import type { MessagesView } from '../messages.ts';
import type { RegistrationStatsView } from '../stats-views.ts';
import type { VerificationPreview } from '../verification-preview.ts';
import {
  type CommandAccepted,
  ERASURE_STORES,
  type ErasureView,
  type RequestAccepted,
} from '../views.ts';
import type {
  ProjectionsView,
  RegistrationAccepted,
  RegistrationCreated,
  RegistrationView,
  UserView,
} from '../views.ts';

const userId = '0198a1b2-3c4d-7e5f-8a6b-7c8d9e0f1a2b';
const person: RegisterCommand = {
  email: 'vera@example.org',
  displayName: 'Vera Marković',
  locale: 'sr-Latn-RS',
  termsVersion: '2026-01',
  profile: { city: 'Niš', newsletter: true, yearOfBirth: 1984 },
};
const accepted: RegistrationAccepted = { registrationId: userId };
const created: RegistrationCreated = { userId };
const registration: RegistrationView = { registrationId: userId, status: 'awaiting-proof' };
const user: UserView = {
  userId,
  email: person.email,
  emailVerified: false,
  displayName: person.displayName,
  locale: person.locale,
  termsVersion: person.termsVersion,
  profile: { ...person.profile },
  status: 'active',
  registeredAt: '2026-11-22T10:00:00.000Z',
  version: 1,
};

const preview: VerificationPreview = {
  kind: 'registration',
  state: 'open',
  holder: 'none',
  mustSupply: [],
  email: person.email,
  displayName: person.displayName,
  locale: person.locale,
  termsVersion: person.termsVersion,
  requestedAt: user.registeredAt,
};

const commandAccepted: CommandAccepted = { userId };
const requestAccepted: RequestAccepted = { status: 'accepted' };
const erasedAt = '2026-11-22T10:00:00.250Z';
const erasure: ErasureView = {
  userId,
  status: 'done',
  requestedAt: '2026-11-22T10:00:00.000Z',
  stores: ERASURE_STORES.map((store) => ({ store, erasedAt })),
};

const messages: MessagesView = {
  messages: [
    {
      id: 4_711,
      cause: 'attempt',
      kind: 'confirm-attempt',
      state: 'waiting',
      reason: 'rcpt 451 4.2.0',
      tries: 2,
      repeats: 0,
      nextTryAt: '2026-11-22T10:00:41.000Z',
      askedAt: user.registeredAt,
      changedAt: '2026-11-22T10:00:12.250Z',
    },
  ],
  next: null,
};

const projections: ProjectionsView = {
  head: 40_312,
  projections: [
    {
      name: 'accounts',
      version: 1,
      state: 'live',
      position: 40_309,
      lag: 3,
      lagSeconds: 1,
      parked: 0,
    },
  ],
};

const steps = { accepted: 12, registered: 9, verified: 8 };
const stats: RegistrationStatsView = {
  from: '2026-11-21T23:00:00.000Z',
  to: '2026-11-22T23:00:00.000Z',
  bucket: 'day',
  timeZone: 'Europe/Belgrade',
  buckets: [{ start: '2026-11-21T23:00:00.000Z', ...steps, byLocale: { 'sr-Latn-RS': steps } }],
};

const importLine: ImportLine = { line: 1, outcome: 'registered', userId };

/** An example of each body, by the title of its schema. */
export const EXAMPLES: Readonly<Record<string, object>> = {
  RegisterCommand: person,
  RegistrationAccepted: accepted,
  RegistrationCreated: created,
  RegistrationView: registration,
  UserView: user,
  VerifyEmailCommand: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl' },
  PreviewVerificationCommand: { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl' },
  VerificationPreview: preview,
  ResendVerificationCommand: { email: person.email },
  UpdateUserCommand: { displayName: 'Vera M.', profile: { city: 'Novi Sad', newsletter: null } },
  ChangeEmailCommand: { email: 'vera@example.net' },
  ReasonCommand: { reasonCode: 'requested' },
  CommandAccepted: commandAccepted,
  RequestAccepted: requestAccepted,
  ErasureView: erasure,
  MessagesView: messages,
  ProjectionsView: projections,
  RegistrationStatsView: stats,
  ImportLine: importLine,
};

/** The id of the person in the examples. */
export const EXAMPLE_ID = userId;

/** Returns an example of the problem document with a code. */
export function exampleProblem(code: ErrorCode): Problem {
  return {
    type: `${PROBLEM_TYPE_BASE}${code}`,
    title: ERROR_CODES[code],
    status: PROBLEM_STATUS[code],
    code,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    ...(code === 'invalid-request' ? { errors: [{ pointer: '/email', code: 'format' }] } : {}),
  };
}
