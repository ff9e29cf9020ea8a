import { AttemptRecord, subjects, type VoidAttempt } from '@zameni/contracts';
import {
  attemptTtlSeconds,
  createBackoff,
  delay,
  type EventLog,
  type SecureDeletion,
} from '@zameni/runtime';
import { createRecordParser } from '../records/parse-record.ts';
import { UnreadableRecordError } from '../records/unreadable-record.ts';

/** What making attempts void needs; the log is written and deleted from as the NATS user `eraser`. */
export type VoidAttemptDeps = {
  readonly log: Pick<EventLog, 'append' | 'head' | 'readLastFromLeader'>;
  readonly deletion: SecureDeletion;
  readonly now: () => Date;
};

/** An attempt on an erased address; what was appended from `before` on is left alone. */
export type AttemptBefore = { readonly id: string; readonly before: number };

/** The log answered something after which nobody knows whether the attempt is void. */
class VoidAttemptError extends Error {
  override readonly name = 'VoidAttemptError';
}

/** Looks at one attempt while others write to it before that is taken for a fault. */
const MAX_TRIES = 8;
const BACKOFF = { baseMs: 20, maxMs: 500 };

const parseAttempt = createRecordParser(AttemptRecord);

/**
 * Deletes an attempt and leaves a void record in its place for as long, so that its caller sees no
 * difference. First the void record, guarded on the attempt, then the deletion: cut off in between, it
 * finds the void record there and only deletes. Answers whether the log has a record of it still.
 */
export async function voidAttempt(
  { log, deletion, now }: VoidAttemptDeps,
  { id, before }: AttemptBefore,
  signal: AbortSignal,
): Promise<boolean> {
  const subject = subjects.attempt(id);
  const backoff = createBackoff(BACKOFF);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await delay(backoff.nextMs(), signal);
    const last = await log.readLastFromLeader(subject, signal);
    if (last === undefined) {
      // A server that was the leader and does not know better yet would say so of any attempt.
      if ((await log.head(signal)) >= before) return false;
      continue;
    }
    const { position } = last;
    const record = parseAttempt(last);
    if (record === undefined) throw new UnreadableRecordError(last);
    if (record.state !== 'open' || position > before) {
      await deletion.deleteUpTo(subject, Math.min(position, before) - 1, signal);
      return true;
    }
    const { expiresAt, key, retry } = record;
    const left: VoidAttempt = { state: 'void', attempt: position, expiresAt, key, retry };
    const message = {
      subject,
      data: JSON.stringify(left),
      expectedPosition: position,
      ttlSeconds: attemptTtlSeconds(now().toISOString(), expiresAt),
    };
    const outcome = await log.append([message], signal);
    if (outcome.status === 'appended' || outcome.status === 'full') {
      await deletion.deleteUpTo(subject, position, signal);
      // Of a full log, that a stranger may see the erasure is the lesser failure.
      return outcome.status === 'appended';
    }
    if (outcome.status === 'rejected') {
      throw new VoidAttemptError('the log refuses', { cause: outcome.cause });
    }
    // Whatever else came of it, the log says at the next look, by its last record.
  }
  throw new VoidAttemptError('an attempt is written to again and again');
}
