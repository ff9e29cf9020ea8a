import { parseEventType, parseOrThrow, recordKind } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';

/** Event type of an erasure, in any version. After it no data of the person may stay. */
const ERASED = /^zameni\.account\.erased\.v\d+$/;

/** Returns whether a record is the erasure of its person, after which no key of theirs may stay. */
export function isErasedEvent(record: LogRecord): boolean {
  if (recordKind(record.subject) !== 'account') return false;
  return ERASED.test(parseOrThrow(parseEventType, record).type);
}
