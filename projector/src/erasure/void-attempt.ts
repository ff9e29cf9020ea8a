import { parseAttemptRecord, parseOrThrow, subjects, type VoidAttempt } from '@zameni/contracts';
import { attemptTtlSeconds, type LogRecord } from '@zameni/runtime';
import { replaceLast, type ReplaceDeps, type Replacement } from '../records/replace-last.ts';

/** Dependencies of making attempts void. */
export type VoidAttemptDeps = ReplaceDeps & { readonly now: () => Date };

/** An attempt on an erased address. Records at or after `before` are kept. */
export type AttemptBefore = { readonly id: string; readonly before: number };

/**
 * Replaces an attempt by a void record that stays as long, so that its caller sees no difference.
 * Returns whether the log still has a record of the attempt. With a full log the attempt is deleted
 * all the same. Others may then observe the erasure, which is the lesser failure.
 */
export function voidAttempt(
  { log, deletion, now }: VoidAttemptDeps,
  { id, before }: AttemptBefore,
  signal: AbortSignal,
): Promise<boolean> {
  const options = {
    subject: subjects.attempt(id),
    known: before,
    ifAbsent: false,
    decide: (last: LogRecord) => toReplacement(last, { before, now: now() }),
  };
  return replaceLast({ log, deletion }, options, signal);
}

function toReplacement(
  last: LogRecord,
  { before, now }: { readonly before: number; readonly now: Date },
): Replacement<boolean> {
  const { position } = last;
  const record = parseOrThrow(parseAttemptRecord, last);
  if (record.state !== 'open' || position > before) {
    return { action: 'delete', upTo: Math.min(position, before) - 1, result: true };
  }
  const { expiresAt, key, retry } = record;
  const left: VoidAttempt = { state: 'void', attempt: position, expiresAt, key, retry };
  const ttlSeconds = attemptTtlSeconds(now.toISOString(), expiresAt);
  return { action: 'replace', record: left, ttlSeconds, result: true, ifFull: false };
}
