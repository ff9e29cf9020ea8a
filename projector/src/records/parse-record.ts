import type { LogRecord } from '@zameni/runtime';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

/** Reads records of one schema; answers undefined for one that does not follow it. */
export type ParseRecord<Content> = (record: Pick<LogRecord, 'data'>) => Content | undefined;

/** Makes the parser of one kind of record. */
export function createRecordParser<Schema extends TSchema>(
  schema: Schema,
): ParseRecord<Static<Schema>> {
  const check = Compile(schema);
  return (record) => {
    const value = parseJson(record);
    return check.Check(value) ? value : undefined;
  };
}

/** A record's bytes as text. */
export function textOf({ data }: Pick<LogRecord, 'data'>): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString();
}

function parseJson(record: Pick<LogRecord, 'data'>): unknown {
  try {
    return JSON.parse(textOf(record));
  } catch {
    // The parser's message quotes the record; that it is unusable is all there is to say.
    return undefined;
  }
}
