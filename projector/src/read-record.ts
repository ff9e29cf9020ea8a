import { decodeEvent, type StoredEvent } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { PoisonEventError, type PoisonReason } from './poison-event.ts';

/** The event in a record, its personal data closed; one about somebody else is poison. */
export function readEventRecord(record: LogRecord): StoredEvent {
  const stored = orPoison(record, 'undecodable', () => decodeEvent(toText(record)));
  if (stored.metadata.userId !== personOf(record)) {
    throw poisonAt(record, 'undecodable', stored.metadata.id);
  }
  return stored;
}

/** Does what reads a record; whatever goes wrong in it makes the record poison. */
export function orPoison<T>(
  record: LogRecord,
  reason: PoisonReason,
  work: () => T,
  eventId?: string,
): T {
  try {
    return work();
  } catch {
    // The cause may quote personal data; the reason says what an operator needs.
    throw poisonAt(record, reason, eventId);
  }
}

/** What to throw at a record that cannot be projected. */
export function poisonAt(
  record: LogRecord,
  reason: PoisonReason,
  eventId?: string,
): PoisonEventError {
  const known = eventId === undefined ? {} : { eventId };
  return new PoisonEventError({
    reason,
    position: record.position,
    userId: personOf(record),
    ...known,
  });
}

/** Whose key or event a record is. */
export function personOf({ subject }: LogRecord): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

function toText(record: LogRecord): string {
  return Buffer.from(record.data.buffer, record.data.byteOffset, record.data.length).toString();
}
