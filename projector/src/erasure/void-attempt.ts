import { parseAttemptRecord, parseOrThrow, subjects, type VoidAttempt } from '@zameni/contracts';
import {
  attemptTtlSeconds,
  createBackoff,
  delay,
  type EventLog,
  type SecureDeletion,
} from '@zameni/runtime';

/**
 * Dependencies of making attempts void. The NATS user `eraser` writes to and deletes from the log.
 */
export type VoidAttemptDeps = {
  readonly log: Pick<EventLog, 'append' | 'head' | 'readLastFromLeader'>;
  readonly deletion: SecureDeletion;
  readonly now: () => Date;
};

/** An attempt on an erased address. Records at or after `before` are kept. */
export type AttemptBefore = { readonly id: string; readonly before: number };

/** The log gave an answer that leaves it unknown whether the attempt is void. */
class VoidAttemptError extends Error {
  override readonly name = 'VoidAttemptError';
}

/** Tries for one attempt. Other writers can make a try fail; so many failures count as a fault. */
const MAX_TRIES = 8;
const BACKOFF = { baseMs: 20, maxMs: 500 };

/**
 * Replaces an attempt by a void record that stays as long, so that its caller sees no difference.
 * It appends the void record first, guarded on the attempt, and then deletes the attempt. If it
 * stops in between, the next run finds the void record and only deletes. Returns whether the log
 * still has a record of the attempt.
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
      // A former leader that does not know of its successor would give this answer for any attempt.
      if ((await log.head(signal)) >= before) return false;
      continue;
    }
    const { position } = last;
    const record = parseOrThrow(parseAttemptRecord, last);
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
      // With a full log the attempt is deleted all the same. Others may then observe the erasure,
      // which is the lesser failure.
      return outcome.status === 'appended';
    }
    if (outcome.status === 'rejected') {
      throw new VoidAttemptError('the log refuses', { cause: outcome.cause });
    }
    // For every other outcome the next try reads the result from the log.
  }
  throw new VoidAttemptError('an attempt is written to again and again');
}
