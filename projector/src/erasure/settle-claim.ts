import { parseClaimRecord, parseOrThrow } from '@zameni/contracts';
import { createBackoff, delay } from '@zameni/runtime';
import type { VoidAttemptDeps } from './void-attempt.ts';

/** The log gave an answer that leaves the state of the claim unknown. */
class SettleClaimError extends Error {
  override readonly name = 'SettleClaimError';
}

/** Tries for one claim. Other writers can make a try fail; so many failures count as a fault. */
const MAX_TRIES = 8;
const BACKOFF = { baseMs: 20, maxMs: 500 };

/**
 * Removes the position of an erasure, up to `upTo`, from a claim that is held again. The position
 * would link the address to the erased person, and it is no longer needed: no attempt is left to
 * make void.
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
      // A former leader that does not know of its successor would give this answer for any claim.
      if ((await log.head(signal)) >= upTo) return;
      continue;
    }
    // This record is already deleted, so a former leader answered.
    if (last.position <= upTo) continue;
    const { erasedAt, ...settled } = parseOrThrow(parseClaimRecord, last);
    // A released claim has a deletion record of its own.
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
    // For every other outcome the next try reads the result from the log.
  }
  throw new SettleClaimError('a claim is written to again and again');
}
