import { recordKind, subjects } from '@zameni/contracts';
import type { LogRecord } from '@zameni/runtime';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** What a record asks to be deleted from the log. */
export type ToForget = {
  readonly subject: string;
  /** The last position to delete. */
  readonly upTo: number;
  /** Whose erasure it settles; a claim that was given up settles none. */
  readonly userId: string | undefined;
};

/** A record of the log that is not JSON, so that nobody knows whether it asks for a deletion. */
class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}

const Released = Compile(Type.Object({ state: Type.Literal('released') }));
const Erased = Compile(
  Type.Object({ type: Type.String({ pattern: '^zameni\\.account\\.erased\\.v\\d+$' }) }),
);

/**
 * What a record asks to be deleted; undefined for every other record. A released claim: the claim's
 * messages up to the release, because it may have been taken again since. An erasure, in any version:
 * all of the person's wrapped keys. Her claims were released in the same commit, before it.
 */
export function toForget({ subject, position, data }: LogRecord): ToForget | undefined {
  switch (recordKind(subject)) {
    case 'claim':
      return Released.Check(parse(data, position))
        ? { subject, upTo: position, userId: undefined }
        : undefined;
    case 'account': {
      if (!Erased.Check(parse(data, position))) return undefined;
      const userId = subject.slice(subjects.account('').length);
      return { subject: subjects.key(userId), upTo: Number.MAX_SAFE_INTEGER, userId };
    }
    case 'key':
    case undefined:
      return undefined;
  }
}

function parse(data: Uint8Array, position: number): unknown {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString());
  } catch {
    // The parser's message quotes the record, so it is not passed on.
    throw new UnreadableRecordError(`the record at position ${position} is not JSON`);
  }
}
