import { type OpenAttempt, subjects, type UserId } from '@zameni/contracts';
import {
  AppError,
  type AttemptKeys,
  attemptTtlSeconds,
  createBackoff,
  delay,
  type Digests,
  type EventLog,
  type LogMessage,
} from '@zameni/runtime';
import { type BeginDeps, beginCommand } from '../commit/begin-command.ts';
import type { Deadline } from '../commit/deadline.ts';
import type { AppendAlone } from '../commit/append-alone.ts';
import type { AttemptInLog } from '../domain/attempt.ts';
import { readAttempt } from '../log/attempt-reader.ts';
import { type Cause, toDeletionMessages } from '../commit/event-messages.ts';
import { readFirstAnswer } from '../log/first-answer.ts';
import type { PublicRecords } from '../commit/public-records.ts';
import { fingerprintOf, type RegistrationRequest } from './registration-request.ts';

/** Dependencies of a public registration. */
export type RegisterAttemptDeps = BeginDeps & {
  readonly log: EventLog;
  readonly digests: Digests;
  readonly attemptKeys: AttemptKeys;
  readonly attemptLifetimeMs: number;
  readonly publicRecords: PublicRecords;
  readonly appendAlone: AppendAlone;
};

/** The parts of a public registration that are not in its body. */
export type AttemptContext = Cause & {
  readonly id: UserId;
  /** Whether the id comes from an idempotency key. If so, its attempt may exist already. */
  readonly isRetryable: boolean;
};

const RETRY_BACKOFF = { baseMs: 10, maxMs: 200 };

/**
 * Registers an attempt. Resolves with the position of its record when the record is in the log.
 * Nothing is read first, so that the work is the same for every address. Without an idempotency key
 * the id is new, so the record shares a batch with others. With a key it may be a retry and is
 * appended alone, so that its conflict affects nobody else. A retry gets the first answer. With
 * another body it throws `idempotency-key-reused`, as long as the attempt or account exists.
 */
export async function registerAttempt(
  deps: RegisterAttemptDeps,
  request: RegistrationRequest,
  context: AttemptContext,
): Promise<number> {
  const { id, isRetryable, time, traceparent } = context;
  const deadline = beginCommand(deps);
  const about: readonly unknown[] = [];
  const fingerprint = fingerprintOf(deps.digests, { userId: id, isRetryable, request, about });
  const record = seal(deps, request, { ...context, fingerprint });
  const message = {
    subject: subjects.attempt(id),
    data: JSON.stringify(record),
    ttlSeconds: attemptTtlSeconds(time, record.expiresAt),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  if (!isRetryable) return deps.publicRecords.append(message, deadline);
  const backoff = createBackoff(RETRY_BACKOFF);
  let over: AttemptInLog | undefined;
  while (!deadline.isOver()) {
    const position = await deps.appendAlone(toMessages(message, id, over), deadline);
    if (position !== undefined) return position;
    const before = await deadline.answer(readBefore(deps, id, deadline.signal()));
    const isLive = before !== undefined && before.record.expiresAt > time;
    const live = isLive ? before : undefined;
    const known = { id, fingerprint, before: live, deadline };
    const answer = await answerAgain(deps, known);
    if (answer !== undefined) return answer;
    over = before;
    await delay(backoff.nextMs(), deadline.signal()).catch(() => undefined);
  }
  throw new AppError('log-unavailable', { retryAfterSeconds: 1 });
}

/**
 * The first try is guarded on the absence of both attempt and account. A proof creates the account
 * only after it read the attempt's record, so the two guards need not see each other. An attempt
 * that is over but still in the log is replaced and deleted, because the erasure of its address
 * would no longer find it.
 */
function toMessages(
  message: Omit<LogMessage, 'expectedPosition'>,
  id: UserId,
  over: AttemptInLog | undefined,
): LogMessage[] {
  if (over === undefined) return [{ ...message, expectedPosition: 0, guard: subjects.anyOf(id) }];
  const replaced = [{ id, upTo: over.position }];
  const deletion = toDeletionMessages({ accounts: [], claims: [], attempts: replaced }, new Map());
  return [
    ...deletion.map((record) => ({ ...record, expectedPosition: 0 })),
    { ...message, expectedPosition: over.position },
  ];
}

function seal(
  { digests, attemptKeys, attemptLifetimeMs }: RegisterAttemptDeps,
  { address, displayName, locale, termsVersion, profile }: RegistrationRequest,
  context: AttemptContext & { readonly fingerprint: string },
): OpenAttempt {
  const { id, time, actor, causationId, fingerprint } = context;
  const expiresAt = new Date(Date.parse(time) + attemptLifetimeMs).toISOString();
  const claim = digests.claimOf(address.canonical);
  const attempt = { state: 'open', claim, locale, time, expiresAt, actor, causationId } as const;
  const data = { email: address.typed, displayName, termsVersion, profile };
  return attemptKeys.seal(id, attempt, { data, fingerprint });
}

async function readBefore(
  { log }: RegisterAttemptDeps,
  id: UserId,
  signal: AbortSignal,
): Promise<AttemptInLog | undefined> {
  try {
    const last = await log.readLastFromLeader(subjects.attempt(id), signal);
    return last && readAttempt(last);
  } catch (cause) {
    throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
  }
}

type Before = {
  readonly id: UserId;
  readonly fingerprint: string;
  readonly before: AttemptInLog | undefined;
  readonly deadline: Deadline;
};

/** Returns the answer to a retry, or undefined if nothing exists, so that it may be appended. */
async function answerAgain(
  deps: RegisterAttemptDeps,
  { id, fingerprint, before, deadline }: Before,
): Promise<number | undefined> {
  if (before?.record.state === 'open' || before?.record.state === 'void') {
    const { record, position } = before;
    assertSame(deps.attemptKeys.openFingerprint(id, record) ?? fingerprint, fingerprint);
    return record.state === 'void' ? record.attempt : position;
  }
  const first = await deadline.answer(readFirstAnswer(deps, id, deadline.signal()));
  switch (first.status) {
    case 'registered':
      assertSame(first.fingerprint, fingerprint);
      return first.position;
    case 'erased':
      return first.position;
    case 'absent':
      // Closed without an account of its own. Its data is deleted, so there is nothing to compare.
      return before?.record.attempt;
    default:
      return first satisfies never;
  }
}

function assertSame(first: string, now: string): void {
  if (first !== now) throw new AppError('idempotency-key-reused');
}
