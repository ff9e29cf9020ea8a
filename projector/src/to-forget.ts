import { ENDINGS, ForgetRecord, recordKind } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** A record of the log that cannot be read, so that nobody knows what it asks to be deleted. */
class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}

const forgetRecordCheck = Compile(ForgetRecord);

/** An event that ends a person, in any version of it. */
const Ended = Compile(
  Type.Object({
    type: Type.String({ pattern: `^zameni\\.account\\.(?:${ENDINGS.join('|')})\\.v\\d+$` }),
  }),
);

/** What a forget record says. */
export function parseForgetRecord(record: LogRecord): ForgetRecord {
  const value = parse(record);
  if (!forgetRecordCheck.Check(value)) throw unreadable(record);
  return value;
}

/** Whether a record is an event after which no key of its person may stay. */
export function isEnd(record: LogRecord): boolean {
  return recordKind(record.subject) === 'account' && Ended.Check(parse(record));
}

function parse(record: LogRecord): unknown {
  const { data } = record;
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString());
  } catch {
    // The parser's message quotes the record, so it is not passed on.
    throw unreadable(record);
  }
}

function unreadable({ position }: LogRecord): UnreadableRecordError {
  return new UnreadableRecordError(`the record at position ${position} cannot be read`);
}
