import { decodeEvent, decodeText, type StoredEvent, UnreadableEventError } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { poisonAt } from './poison-at.ts';

/** Decodes the event in a record; its personal data stays encrypted. Throws a poison error. */
export function readEventRecord(record: LogRecord): StoredEvent {
  const stored = decode(record);
  // The event must be about the person of its subject.
  if (stored.metadata.userId !== idOf(record)) {
    throw poisonAt(record, 'undecodable', stored.metadata.id);
  }
  return stored;
}

function decode(record: LogRecord): StoredEvent {
  try {
    return decodeEvent(decodeText(record.data));
  } catch (error) {
    // The cause may quote personal data. The reason is what an operator needs.
    const isNewer = error instanceof UnreadableEventError && error.isNewer;
    throw poisonAt(record, isNewer ? 'newer' : 'undecodable');
  }
}

/** Returns the last part of a record's subject: the id of a person or of an attempt. */
export function idOf({ subject }: LogRecord): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
