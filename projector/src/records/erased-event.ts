import { recordKind } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { Type } from 'typebox';
import { createRecordParser } from './parse-record.ts';
import { UnreadableRecordError } from './unreadable-record.ts';

const parseType = createRecordParser(Type.Object({ type: Type.String() }));

/** The type of the event after which nothing may stay of a person, in any version of it. */
const ERASED = /^zameni\.account\.erased\.v\d+$/;

/** Whether a record is the event after which no key of its person may stay. */
export function isErasedEvent(record: LogRecord): boolean {
  if (recordKind(record.subject) !== 'account') return false;
  const event = parseType(record);
  if (event === undefined) throw new UnreadableRecordError(record);
  return ERASED.test(event.type);
}
