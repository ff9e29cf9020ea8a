import { decodeEvent, decodeText, type StoredEvent } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { orPoison, poisonAt } from './poison-at.ts';

/** Decodes the event in a record; its personal data stays encrypted. Throws a poison error. */
export function readEventRecord(record: LogRecord): StoredEvent {
  const stored = orPoison(record, 'undecodable', () => decodeEvent(decodeText(record.data)));
  // The event must be about the person of its subject.
  if (stored.metadata.userId !== idOf(record)) {
    throw poisonAt(record, 'undecodable', stored.metadata.id);
  }
  return stored;
}

/** Returns the last part of a record's subject: the id of a person or of an attempt. */
export function idOf({ subject }: LogRecord): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
