import { ClaimRecord, ForgetRecord, KeyRecord, recordKind } from '@zameni/contracts';
import type { ClaimLayout, DataKey, DataKeys, LogRecord } from '@zameni/runtime';
import { Value } from 'typebox/value';
import { nameClaims } from './claim-names.ts';
import { placeEvent } from './crash-recovery-stores.ts';
import type { PlacedEvent } from './log-account.ts';

/** One message of the log, with its meaning. */
export type AtomicRecord = { readonly position: number } & (
  | { readonly kind: 'claim'; readonly k: string; readonly record: ClaimRecord }
  /** From version 2 on it is the person's key wrapped anew, which is appended alone. */
  | { readonly kind: 'key'; readonly userId: string; readonly version: number }
  /** Its claims are named as in `k`. */
  | { readonly kind: 'forget'; readonly record: ForgetRecord }
  | { readonly kind: 'event'; readonly userId: string; readonly placed: PlacedEvent }
);

/**
 * Messages that were appended together, as far as positions tell: claims, a forget record, keys, then
 * events. Neighbours of which both are events only, or the second one is, count as one.
 */
export type Commit = {
  readonly records: readonly AtomicRecord[];
  readonly last: number;
  /** False when a message of it was deleted before anybody has seen it. */
  readonly isWhole: boolean;
};

/** Opens records with the keys among them; claims are called what events call them. */
export function openRecords(
  records: readonly LogRecord[],
  { dataKeys, layout }: { readonly dataKeys: DataKeys; readonly layout: ClaimLayout },
): AtomicRecord[] {
  const all = openEach(records, dataKeys);
  const nameOf = nameClaims(
    all.map((record) => (record.kind === 'event' ? record.placed.event : undefined)),
    layout,
  );
  return all.map((record) => {
    if (record.kind === 'claim') return { ...record, k: nameOf(record.k) };
    if (record.kind !== 'forget') return record;
    const { claims, people } = record.record;
    return { ...record, record: { claims: claims.map(nameOf), people } };
  });
}

function openEach(records: readonly LogRecord[], dataKeys: DataKeys): AtomicRecord[] {
  const opened = new Map<string, DataKey>();
  return records.map(({ subject, position, data }): AtomicRecord => {
    const name = subject.slice(subject.lastIndexOf('.') + 1);
    const text = Buffer.from(data).toString('utf8');
    switch (recordKind(subject)) {
      case 'claim':
        return { kind: 'claim', position, k: name, record: parse(ClaimRecord, text) };
      case 'key': {
        const record = parse(KeyRecord, text);
        opened.set(name, dataKeys.open(name, record));
        return { kind: 'key', position, userId: name, version: record.version };
      }
      case 'account': {
        const placed = placeEvent(text, position, opened.get(name));
        return { kind: 'event', position, userId: name, placed };
      }
      case 'forget':
        return { kind: 'forget', position, record: parse(ForgetRecord, text) };
      case undefined:
        throw new Error(`a record at ${position} is of no kind`);
    }
  });
}

/** Divides records, in order, into commits; `after` is the position before the first. */
export function toCommits(records: readonly AtomicRecord[], after: number): Commit[] {
  const commits: Commit[] = [];
  let before = after;
  let start = 0;
  for (const [n, record] of records.entries()) {
    const next = records[n + 1];
    if (next !== undefined && !(record.kind === 'event' && next.kind !== 'event')) continue;
    const members = records.slice(start, n + 1);
    const isWhole = record.position - before === members.length;
    commits.push({ records: members, last: record.position, isWhole });
    before = record.position;
    start = n + 1;
  }
  return commits;
}

function parse<Schema extends typeof ClaimRecord | typeof KeyRecord | typeof ForgetRecord>(
  schema: Schema,
  text: string,
) {
  return Value.Parse(schema, JSON.parse(text));
}
