import { KeyRecord } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { Compile } from 'typebox/compile';

const keyRecordCheck = Compile(KeyRecord);

/** What a record of a key says; undefined when nothing can be made of it. */
export function parseKeyRecord({ data }: LogRecord): KeyRecord | undefined {
  try {
    const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString();
    const value: unknown = JSON.parse(text);
    return keyRecordCheck.Check(value) ? value : undefined;
  } catch {
    // The parser's message quotes the record; that it is unusable is all there is to say.
    return undefined;
  }
}
