import { decodeEvent, type StoredEvent } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { textOf } from './parse-record.ts';
import { orPoison, poisonAt } from './poison-at.ts';

/** The event in a record, its personal data closed; one about somebody else is poison. */
export function readEventRecord(record: LogRecord): StoredEvent {
  const stored = orPoison(record, 'undecodable', () => decodeEvent(textOf(record)));
  if (stored.metadata.userId !== idOf(record)) {
    throw poisonAt(record, 'undecodable', stored.metadata.id);
  }
  return stored;
}

/** The last part of a record's subject: of keys and events the person, of attempts the attempt. */
export function idOf({ subject }: LogRecord): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
