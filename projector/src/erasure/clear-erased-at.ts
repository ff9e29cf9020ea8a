import { parseClaimRecord, parseOrThrow } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { replaceLast, type ReplaceDeps, type Replacement } from '../records/replace-last.ts';

/**
 * Removes the position of an erasure, up to `upTo`, from a claim that is held again. The position
 * would link the address to the erased person, and it is no longer needed: no attempt is left to
 * make void.
 */
export function clearErasedAt(
  deps: ReplaceDeps,
  { subject, upTo }: { readonly subject: string; readonly upTo: number },
  signal: AbortSignal,
): Promise<void> {
  const options = {
    subject,
    known: upTo,
    ifAbsent: undefined,
    decide: (last: LogRecord) => toReplacement(last, upTo),
  };
  return replaceLast<void>(deps, options, signal);
}

function toReplacement(last: LogRecord, upTo: number): Replacement<void> {
  // This record is already deleted, so a former leader answered.
  if (last.position <= upTo) return { action: 'read-again' };
  const { erasedAt, ...record } = parseOrThrow(parseClaimRecord, last);
  // A released claim has a deletion record of its own.
  const isClear = record.state === 'released' || erasedAt === undefined || erasedAt > upTo;
  return isClear
    ? { action: 'keep', result: undefined }
    : { action: 'replace', record, result: undefined };
}
