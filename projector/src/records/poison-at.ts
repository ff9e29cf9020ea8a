import type { LogRecord } from '@zameni/runtime';
import { PoisonRecordError, type PoisonReason } from './poison-record.ts';

/** Reads a record. Any error becomes a poison error. */
export function orPoison<T>(
  record: LogRecord,
  reason: PoisonReason,
  read: () => T,
  eventId?: string,
): T {
  try {
    return read();
  } catch {
    // The cause may quote personal data. The reason is what an operator needs.
    throw poisonAt(record, reason, eventId);
  }
}

/** Creates the error for a record that cannot be projected. */
export function poisonAt(
  { position, subject }: LogRecord,
  reason: PoisonReason,
  eventId?: string,
): PoisonRecordError {
  const known = eventId === undefined ? {} : { eventId };
  return new PoisonRecordError({ reason, position, subject, ...known });
}
