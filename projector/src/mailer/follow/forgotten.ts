import { parseAttemptRecord, recordKind, UnreadableRecordError } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { isErasedEvent } from '../../records/erased-event.ts';
import { idOf } from '../../records/event-record.ts';
import type { Cause } from '../ledger/message.ts';

/**
 * The attempt whose mailbox the ledger must forget at once, because an erasure ended or voided it, or
 * erased the account that it became, which has the same id. Otherwise the digest stays until no budget
 * needs it. Only who may erase can reset a budget so.
 */
export function forgottenIn(record: LogRecord): readonly string[] {
  return isForgotten(record) ? [idOf(record)] : [];
}

/** Removes the mailbox of forgotten attempts from causes that are not noted yet. */
export function forget(causes: readonly Cause[], attempts: readonly string[]): readonly Cause[] {
  if (attempts.length === 0) return causes;
  const forgotten = new Set(attempts);
  return causes.map((cause) => {
    const isForgotten = cause.attemptId !== null && forgotten.has(cause.attemptId);
    return isForgotten ? { ...cause, mailbox: null } : cause;
  });
}

function isForgotten(record: LogRecord): boolean {
  if (recordKind(record.subject) === 'attempt') {
    const content = parseAttemptRecord(record.data);
    return content?.state === 'void' || (content?.state === 'closed' && content.by === 'erasure');
  }
  try {
    return isErasedEvent(record);
  } catch (error) {
    // It is noted as a mail that is never sent.
    if (error instanceof UnreadableRecordError) return false;
    throw error;
  }
}
