import { recordKind, subjects } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** What a record asks to be deleted from the log: all messages of a subject up to a position. */
export type ToForget = { readonly subject: string; readonly upTo: number } & (
  | { readonly what: 'claim' }
  | { readonly what: 'keys'; readonly userId: string; readonly why: 'erased' | 'superseded' }
);

/** A record of the log that is not JSON, so that nobody knows whether it asks for a deletion. */
class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}

const Released = Compile(Type.Object({ state: Type.Literal('released') }));
const Erased = Compile(eventOf('erased'));
const Superseded = Compile(eventOf('superseded'));

/**
 * What a record asks to be deleted; undefined for every other record. A released claim: the claim's
 * messages up to the release, because it may have been taken again since. The end of a person, in any
 * version: all of her wrapped keys, because neither who was erased nor who lost the address comes back.
 * What an erased person claimed was released in the same commit, before it.
 */
export function toForget({ subject, position, data }: LogRecord): ToForget | undefined {
  switch (recordKind(subject)) {
    case 'claim':
      return Released.Check(parse(data, position))
        ? { what: 'claim', subject, upTo: position }
        : undefined;
    case 'account': {
      const event = parse(data, position);
      const why = Erased.Check(event) ? 'erased' : Superseded.Check(event) ? 'superseded' : null;
      if (why === null) return undefined;
      const userId = subject.slice(subjects.account('').length);
      const upTo = Number.MAX_SAFE_INTEGER;
      return { what: 'keys', subject: subjects.key(userId), upTo, userId, why };
    }
    case 'key':
    case undefined:
      return undefined;
  }
}

function eventOf(name: 'erased' | 'superseded') {
  return Type.Object({ type: Type.String({ pattern: `^zameni\\.account\\.${name}\\.v\\d+$` }) });
}

function parse(data: Uint8Array, position: number): unknown {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString());
  } catch {
    // The parser's message quotes the record, so it is not passed on.
    throw new UnreadableRecordError(`the record at position ${position} is not JSON`);
  }
}
