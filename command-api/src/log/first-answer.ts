import { decodeEvent, factOf, subjects, type UserId } from '@zameni/contracts';
import { AppError, type EventLog, type LogRecord } from '@zameni/runtime';

/** What a retry finds of an account: the first event is the answer that every retry gets. */
export type FirstAnswer =
  | {
      readonly status: 'registered';
      readonly fingerprint: string;
      /** Of the attempt where it came of one: what the first answer said. */
      readonly position: number;
    }
  | { readonly status: 'erased'; readonly position: number }
  | { readonly status: 'absent' };

/** Milliseconds for reading the first answer of a retry. */
const DEADLINE_MS = 3_000;

/**
 * Reads the first answer from the leader. Of an erased account nothing is compared any more: nobody may
 * test guesses of what was in the body.
 */
export async function readFirstAnswer(
  { log }: { readonly log: Pick<EventLog, 'readFirst' | 'readLastFromLeader'> },
  userId: UserId,
): Promise<FirstAnswer> {
  const subject = subjects.account(userId);
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const records = [log.readFirst(subject, signal), log.readLastFromLeader(subject, signal)];
  const [first, last] = await Promise.all(records).catch((cause: unknown) => {
    throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
  });
  if (first === undefined || last === undefined) return { status: 'absent' };
  const fact = toFact(first);
  if (fact.name !== 'registered') throw new Error('an account begins with another event');
  const { fingerprint, attempt: position = first.position } = fact.data;
  if (toFact(last).name === 'erased') return { status: 'erased', position };
  return { status: 'registered', fingerprint, position };
}

function toFact({ data }: LogRecord) {
  return factOf(decodeEvent(Buffer.from(data).toString('utf8')));
}
