import { decodeEvent, decodeText, factOf, subjects, type UserId } from '@zameni/contracts';
import { AppError, type EventLog, type LogRecord, Fault } from '@zameni/runtime';

/** The answer to a retry, from the account's first event. Every retry gets the same one. */
export type FirstAnswer =
  | {
      readonly status: 'registered';
      readonly fingerprint: string;
      /** Position in the first answer: of the attempt if the account comes from one. */
      readonly position: number;
    }
  | { readonly status: 'erased'; readonly position: number }
  | { readonly status: 'absent' };

/**
 * Reads the first answer from the leader. An erased account returns no fingerprint, so that nobody
 * can test guesses about the body of the registration.
 */
export async function readFirstAnswer(
  { log }: { readonly log: Pick<EventLog, 'readFirst' | 'readLastFromLeader'> },
  userId: UserId,
  signal: AbortSignal,
): Promise<FirstAnswer> {
  const subject = subjects.account(userId);
  const records = [log.readFirst(subject, signal), log.readLastFromLeader(subject, signal)];
  const [first, last] = await Promise.all(records).catch(toUnavailable);
  if (first === undefined || last === undefined) return { status: 'absent' };
  const fact = toFact(first);
  if (fact.name !== 'registered') throw new Fault('an account begins with another event');
  const { fingerprint, attempt: position = first.position } = fact.data;
  if (toFact(last).name === 'erased') return { status: 'erased', position };
  return { status: 'registered', fingerprint, position };
}

function toUnavailable(cause: unknown): never {
  throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
}

function toFact({ data }: LogRecord) {
  try {
    return factOf(decodeEvent(decodeText(data)));
  } catch (cause) {
    // A later version wrote it; a process of that version can answer.
    return toUnavailable(cause);
  }
}
