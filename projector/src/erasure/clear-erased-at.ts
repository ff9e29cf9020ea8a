import { parseClaimRecord, parseOrThrow } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { claimTtl } from '../records/claim-ttl.ts';
import { replaceLast, type ReplaceDeps, type Replacement } from '../records/replace-last.ts';

/** What clearing needs: the log, and a clock for the rest of what ends by itself. */
export type ClearDeps = ReplaceDeps & { readonly now: () => Date };

/**
 * Removes the position of an erasure, up to `upTo`, from a claim that is held again. The position
 * would link the address to the erased person, and it is no longer needed: no attempt is left to
 * make void.
 */
export function clearErasedAt(
  { now, ...deps }: ClearDeps,
  { subject, upTo }: { readonly subject: string; readonly upTo: number },
  signal: AbortSignal,
): Promise<void> {
  const options = {
    subject,
    known: upTo,
    ifAbsent: undefined,
    decide: (last: LogRecord) => toReplacement(last, upTo, now()),
  };
  return replaceLast<void>(deps, options, signal);
}

function toReplacement(last: LogRecord, upTo: number, now: Date): Replacement<void> {
  // This record is already deleted, so a former leader answered.
  if (last.position <= upTo) return { action: 'read-again' };
  const { erasedAt, ...record } = parseOrThrow(parseClaimRecord, last);
  // A released claim has a deletion record of its own.
  const isClear = record.state === 'released' || erasedAt === undefined || erasedAt > upTo;
  return isClear
    ? { action: 'keep', result: undefined }
    : { action: 'replace', record, ...claimTtl(record, now), result: undefined };
}
