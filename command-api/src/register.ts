import { decodeEvent, factOf, subjects, type UserId } from '@zameni/contracts';
import { AppError, type DataKeys, type Digests, drawBytes, type EventLog } from '@zameni/runtime';
import { absentAccount, answerAgain, evolve } from './account.ts';
import { type CommitDeps, commitDecision } from './commit-decision.ts';
import { decideRegistration, type Register } from './decide-registration.ts';
import type { Decision } from './decision.ts';
import type { NewPerson } from './decision-intent.ts';
import type { Cause } from './event-messages.ts';
import { type RegistrationRequest, toCanonicalBody } from './registration-request.ts';

/** What registering needs of the outside. */
export type RegisterDeps = CommitDeps & {
  readonly digests: Digests;
  readonly dataKeys: DataKeys;
};

/** A registration with everything that is not in its body. */
export type RegisterContext = Cause & {
  readonly registrationId: UserId;
  /** Whether the id comes from an idempotency key, so that its account may exist already. */
  readonly isRetryable: boolean;
  /** Whether the caller is told who owns the address; from anybody else even the time keeps it. */
  readonly isTold: boolean;
  /** Set when she is not to be mailed about it. */
  readonly mail?: 'none';
};

/** How a registration ended, and the position of the event that says so. */
export type Registered = {
  readonly outcome: 'registered' | 'pending' | 'refused';
  readonly position: number;
};

/** As many as of the digest of a body. */
const FINGERPRINT_BYTES = 32;

/** Milliseconds for reading the first answer of a retry. */
const READ_BACK_DEADLINE_MS = 3_000;

/**
 * Registers a person: claim, key and event lie in the log together before this resolves. A retry
 * under the same idempotency key gets the first answer again; with another body it throws
 * `idempotency-key-reused`.
 */
export async function register(
  deps: RegisterDeps,
  request: RegistrationRequest,
  context: RegisterContext,
): Promise<Registered> {
  const command = toCommand(deps.digests, request, context);
  const { decision, position } = await commitDecision(deps, {
    accounts: [],
    newPerson: toNewPerson(deps.dataKeys, context),
    claimsOf: () => [command.personal.claim],
    readsClaims: false,
    // One thing still shows: a claim that has expired unproven takes a second round, in which its
    // holder's account is looked at. It tells that somebody began to register days ago and never came.
    readsFirst: !context.isTold,
    decide: (situation) => decideRegistration(command, situation),
    cause: context,
  });
  if (decision.outcome === 'commit') return { outcome: toOutcome(decision), position };
  return readFirstAnswer(deps.log, command.fingerprint, context.registrationId);
}

function toCommand(
  digests: Digests,
  request: RegistrationRequest,
  { registrationId: userId, time, mail, isRetryable }: RegisterContext,
): Register {
  const { address, displayName, locale, termsVersion, profile } = request;
  // Without an idempotency key nobody can ask again, so there is no body to compare with.
  const fingerprint = isRetryable
    ? digests.fingerprintOf(userId, toCanonicalBody(request, mail))
    : drawBytes(FINGERPRINT_BYTES).toString('base64url');
  const claim = digests.claimOf(address.canonical);
  const personal = { email: address.typed, claim, displayName, profile };
  return {
    userId,
    time,
    fingerprint,
    locale,
    termsVersion,
    ...(mail === undefined ? {} : { mail }),
    personal,
  };
}

function toNewPerson(
  dataKeys: DataKeys,
  { registrationId: userId, isRetryable }: RegisterContext,
): NewPerson {
  const { key, record } = dataKeys.create(userId);
  const keyMessage = { subject: subjects.key(userId), data: JSON.stringify(record) };
  return { userId, key, keyMessage, isRetryable };
}

function toOutcome({ accounts }: Extract<Decision, { outcome: 'commit' }>): Registered['outcome'] {
  const event = accounts[0]?.event;
  if (event?.name !== 'registered') return 'refused';
  return event.data.standing === 'held' ? 'registered' : 'pending';
}

async function readFirstAnswer(
  log: EventLog,
  fingerprint: string,
  userId: UserId,
): Promise<Registered> {
  const signal = AbortSignal.timeout(READ_BACK_DEADLINE_MS);
  const record = await log.readFirst(subjects.account(userId), signal).catch((cause: unknown) => {
    throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
  });
  const event = record && decodeEvent(Buffer.from(record.data).toString('utf8'));
  const state =
    event === undefined
      ? absentAccount
      : evolve(absentAccount, { ...factOf(event), id: event.metadata.id });
  const outcome = answerAgain(state, fingerprint);
  switch (outcome) {
    case 'registered':
    case 'pending':
    case 'refused':
      return { outcome, position: record?.position ?? 0 };
    case 'key-reused':
      throw new AppError('idempotency-key-reused');
    case 'unknown':
      // Seen a moment ago and expired since (a refusal lives 30 days): a retry registers anew.
      throw new AppError('log-unavailable', { retryAfterSeconds: 1 });
    default:
      return outcome satisfies never;
  }
}
