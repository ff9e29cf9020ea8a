import { ClaimRecord } from '@zameni/contracts';
import { createBackoff, delay } from '@zameni/runtime';
import { createRecordParser } from '../records/parse-record.ts';
import { UnreadableRecordError } from '../records/unreadable-record.ts';
import type { VoidAttemptDeps } from './void-attempt.ts';

/** The log answered something after which nobody knows what the claim says. */
class SettleClaimError extends Error {
  override readonly name = 'SettleClaimError';
}

/** Looks at one claim while others write to it before that is taken for a fault. */
const MAX_TRIES = 8;
const BACKOFF = { baseMs: 20, maxMs: 500 };

const parseClaim = createRecordParser(ClaimRecord);

/**
 * Takes an erasure at or before a position out of a claim that somebody has held since: the position
 * would connect the address with the person who was erased, and no attempt is left that it makes void.
 */
export async function settleClaim(
  { log, deletion }: Pick<VoidAttemptDeps, 'log' | 'deletion'>,
  { subject, upTo }: { readonly subject: string; readonly upTo: number },
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff(BACKOFF);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await delay(backoff.nextMs(), signal);
    const last = await log.readLastFromLeader(subject, signal);
    if (last === undefined) {
      // A server that was the leader and does not know better yet would say so of any claim.
      if ((await log.head(signal)) >= upTo) return;
      continue;
    }
    // It shows what was deleted before: it was the leader too.
    if (last.position <= upTo) continue;
    const record = parseClaim(last);
    if (record === undefined) throw new UnreadableRecordError(last);
    const { erasedAt, ...settled } = record;
    // A released claim goes with the deletion record of its own.
    if (settled.state === 'released' || erasedAt === undefined || erasedAt > upTo) {
      return;
    }
    const message = { subject, data: JSON.stringify(settled), expectedPosition: last.position };
    const outcome = await log.append([message], signal);
    if (outcome.status === 'appended') {
      await deletion.deleteUpTo(subject, last.position, signal);
      return;
    }
    if (outcome.status === 'rejected') {
      throw new SettleClaimError('the log refuses', { cause: outcome.cause });
    }
    // Whatever else came of it, the log says at the next look, by its last record.
  }
  throw new SettleClaimError('a claim is written to again and again');
}
