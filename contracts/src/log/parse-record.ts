import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { openSchema } from './open-schema.ts';
import {
  AttemptData,
  AttemptRecord,
  ClaimRecord,
  DeletionRecord,
  Farewell,
  KeyRecord,
  MailWish,
} from './records.ts';

/** The content of a record: bytes as the log has them, or text that is not appended yet. */
type RecordContent = Uint8Array | string;

/** Parses the content of one kind of record. Returns undefined if it does not fit the schema. */
export type ParseRecord<Content> = (content: RecordContent) => Content | undefined;

/** A record that does not fit its schema. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';

  /** Neither message nor cause quotes the record, because it may hold personal data. */
  constructor(position: number | undefined) {
    super(`the record at position ${position ?? 'unknown'} cannot be read`);
  }
}

// Bytes must decode to the same text everywhere, so a byte order mark is kept like any character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Decodes UTF-8, the encoding of every record. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Parses a record of a claim. Fields of a later version stay in what it returns. */
export const parseClaimRecord = createParser(openSchema(ClaimRecord));

/** Parses a record of an attempt: open, closed or void. Fields of a later version stay. */
export const parseAttemptRecord = createParser(openSchema(AttemptRecord));

/** Parses a record of a person's key. Fields of a later version stay. */
export const parseKeyRecord = createParser(openSchema(KeyRecord));

/**
 * Parses a deletion record. One with a field of a later version is not readable: the record is
 * deleted at the end, and what that field names would stay for ever.
 */
export const parseDeletionRecord = createParser(DeletionRecord);

/** Parses a mail wish. Fields of a later version stay. */
export const parseMailWish = createParser(openSchema(MailWish));

/** Parses a farewell. Fields of a later version stay. */
export const parseFarewell = createParser(openSchema(Farewell));

/**
 * Parses the unsealed data of an attempt. Data with a field of a later version is not readable: the
 * account that is made from it would lack what the person has written.
 */
export const parseAttemptData = createParser(AttemptData);

/** Parses the type of an event alone, so that it also reads versions newer than this program. */
export const parseEventType = createParser(Type.Object({ type: Type.String() }));

/**
 * Returns the state of a record of a claim or an attempt, if only a later version knows that state.
 */
export function parseNewerState(content: RecordContent): string | undefined {
  const { state } = parseAnyState(content) ?? {};
  return state === undefined || KNOWN_STATES.has(state) ? undefined : state;
}

const parseAnyState = createParser(Type.Object({ state: Type.String() }));
const KNOWN_STATES: ReadonlySet<string> = new Set([
  ...ClaimRecord.anyOf.map(({ properties }) => properties.state.const),
  ...AttemptRecord.anyOf.map(({ properties }) => properties.state.const),
]);

/** Parses a record that must be readable. Throws `UnreadableRecordError` if it is not. */
export function parseOrThrow<Content>(
  parse: ParseRecord<Content>,
  { data, position }: { readonly data: RecordContent; readonly position: number | undefined },
): Content {
  const content = parse(data);
  if (content === undefined) throw new UnreadableRecordError(position);
  return content;
}

function createParser<Schema extends TSchema>(schema: Schema): ParseRecord<Static<Schema>> {
  const check = Compile(schema);
  return (content) => {
    const value = parseJson(typeof content === 'string' ? content : decodeText(content));
    return check.Check(value) ? value : undefined;
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error quotes the text. Undefined fits no schema.
    return undefined;
  }
}
