import type { LogRecord } from '@zameni/runtime';
import { PoisonRecordError, type PoisonReason } from './poison-record.ts';

/** Reads a record; whatever goes wrong makes the record poison. */
export function orPoison<T>(
  record: LogRecord,
  reason: PoisonReason,
  read: () => T,
  eventId?: string,
): T {
  try {
    return read();
  } catch {
    // The cause may quote personal data; the reason says what an operator needs.
    throw poisonAt(record, reason, eventId);
  }
}

/** What to throw at a record that cannot be projected. */
export function poisonAt(
  { position, subject }: LogRecord,
  reason: PoisonReason,
  eventId?: string,
): PoisonRecordError {
  const known = eventId === undefined ? {} : { eventId };
  return new PoisonRecordError({ reason, position, subject, ...known });
}
