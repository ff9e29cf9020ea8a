import { randomUUID } from 'node:crypto';
import {
  type AccountEvent,
  type Actor,
  ClaimRecord,
  decodeEvent,
  encodeEvent,
  encodePersonal,
  eventType,
  factOf,
  REFUSAL_LIFETIME_DAYS,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  AppError,
  type Committer,
  type DataKeys,
  type Digests,
  type EventLog,
  type Intent,
  sealPersonal,
} from '@zameni/runtime';
import { Compile } from 'typebox/compile';
import {
  absentAccount,
  type AddressState,
  answerAgain,
  decide,
  evolve,
  type Register,
} from './account.ts';
import { type RegistrationRequest, toCanonicalBody } from './registration-request.ts';

/** What registering needs of the outside. */
export type RegisterDeps = {
  readonly log: EventLog;
  readonly committer: Committer;
  readonly digests: Digests;
  readonly dataKeys: DataKeys;
};

/** A registration with everything that is not in its body. */
export type RegisterContext = {
  readonly registrationId: UserId;
  /** Whether the id comes from an idempotency key, so that its account may exist already. */
  readonly isRetryable: boolean;
  readonly actor: Actor;
  readonly causationId: string;
  readonly time: string;
  readonly traceparent: string | undefined;
};

/** How a registration ended, and the position of the event that says so. */
export type Registered = {
  readonly outcome: 'registered' | 'refused';
  readonly position: number;
};

type Committed = Registered | { readonly outcome: 'decided-before' };

const claimCheck = Compile(ClaimRecord);

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
  const command: Register = {
    type: 'register',
    fingerprint: deps.digests.fingerprintOf(context.registrationId, toCanonicalBody(request)),
    locale: request.locale,
    termsVersion: request.termsVersion,
    personal: {
      email: request.address.typed,
      claim: deps.digests.claimOf(request.address.canonical),
      displayName: request.displayName,
      profile: request.profile,
    },
  };
  const committed = await deps.committer.submit(toIntent(deps.dataKeys, command, context));
  if (committed.outcome !== 'decided-before') return committed;
  return readFirstAnswer(deps.log, command.fingerprint, context.registrationId);
}

function toIntent(
  dataKeys: DataKeys,
  command: Register,
  context: RegisterContext,
): Intent<Committed> {
  const claim = subjects.claim(command.personal.claim);
  const account = subjects.account(context.registrationId);
  // A rejected group is decided again: equal decisions must give identical messages.
  const messagesOf = memoize((name: AccountEvent['name'], event: AccountEvent) =>
    name === 'registered'
      ? toRegisteredMessages(dataKeys, claim, account, event, context)
      : [toRefusedMessage(account, event, context)],
  );
  return {
    // A fresh id has no account to look for.
    reads: context.isRetryable ? [claim, account] : [claim],
    decide: (state) => {
      const decision = decide(command, {
        account: state.has(account) ? 'present' : 'absent',
        address: parseClaim(state.get(claim)?.data),
      });
      if (decision.outcome === 'decided-before') {
        return { messages: [], answer: () => ({ outcome: 'decided-before' }) };
      }
      const { event } = decision;
      const outcome = event.name === 'registered' ? 'registered' : 'refused';
      return {
        messages: messagesOf(event.name, event),
        answer: (position) => ({ outcome, position }),
      };
    },
  };
}

type Messages = ReturnType<Intent<Committed>['decide']>['messages'];

function toRegisteredMessages(
  dataKeys: DataKeys,
  claim: string,
  account: string,
  event: AccountEvent,
  context: RegisterContext,
): Messages {
  const userId = context.registrationId;
  const { key, record } = dataKeys.create(userId);
  const metadata = toMetadata(context);
  const binding = { eventId: metadata.id, type: eventType(event.name), userId };
  const personal = sealPersonal(key, binding, encodePersonal(event) ?? '');
  const held: ClaimRecord = { state: 'held', userId, verified: false };
  return [
    { subject: claim, data: JSON.stringify(held) },
    { subject: subjects.key(userId), data: JSON.stringify(record) },
    { subject: account, data: encodeEvent(metadata, event, personal), ...traced(context) },
  ];
}

function toRefusedMessage(
  account: string,
  event: AccountEvent,
  context: RegisterContext,
): Messages[number] {
  return {
    subject: account,
    data: encodeEvent(toMetadata(context), event, null),
    ttlSeconds: REFUSAL_LIFETIME_DAYS * 24 * 60 * 60,
    ...traced(context),
  };
}

/** What a claim says; one that cannot be read is never taken for free. */
function parseClaim(text: string | undefined): AddressState {
  if (text === undefined) return 'free';
  if (!claimCheck.Check(JSON.parse(text))) throw new Error('a claim in the log cannot be read');
  return 'held';
}

function toMetadata({ registrationId, actor, causationId, time }: RegisterContext) {
  return { id: randomUUID(), userId: registrationId, time, causationId, actor, accountVersion: 1 };
}

function traced({ traceparent }: RegisterContext): { readonly traceparent?: string } {
  return traceparent === undefined ? {} : { traceparent };
}

function memoize<T>(make: (name: AccountEvent['name'], event: AccountEvent) => T) {
  const made = new Map<AccountEvent['name'], T>();
  return (name: AccountEvent['name'], event: AccountEvent): T => {
    const value = made.get(name) ?? make(name, event);
    made.set(name, value);
    return value;
  };
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
  const state =
    record === undefined
      ? absentAccount
      : evolve(absentAccount, factOf(decodeEvent(Buffer.from(record.data).toString('utf8'))));
  const outcome = answerAgain(state, fingerprint);
  switch (outcome) {
    case 'registered':
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
