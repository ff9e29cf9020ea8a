import {
  type AttemptRecord,
  ClaimRecord,
  DeletionRecord,
  KeyRecord,
  recordKind,
} from '@zameni/contracts';
import type { DataKey, LogRecord } from '@zameni/runtime';
import { Value } from 'typebox/value';
import { claimOf, type LogOpener, placeAttempt, placeEvent } from '../crash/stores.ts';
import type { PlacedEvent } from '../log/account.ts';
import { nameClaims } from '../log/claim-names.ts';

/** One message of the log, with its meaning. */
export type AtomicRecord = { readonly position: number } & (
  | { readonly kind: 'claim'; readonly k: string; readonly record: ClaimRecord }
  /** Its claims are named as in `k`. */
  | { readonly kind: 'deletion'; readonly record: DeletionRecord }
  | { readonly kind: 'attempt'; readonly id: string; readonly record: AttemptRecord }
  /** From version 2 on it is the person's key wrapped again, which is appended alone. */
  | { readonly kind: 'key'; readonly userId: string; readonly version: number }
  | { readonly kind: 'event'; readonly userId: string; readonly placed: PlacedEvent }
  | { readonly kind: 'wish' }
);

/**
 * Messages that were appended together, as far as positions tell: claims, a deletion record, the closing
 * of an attempt, a key, then events. A commit of events alone counts as a part of the one before it.
 */
export type Commit = {
  readonly records: readonly AtomicRecord[];
  readonly last: number;
  /** False when a message of it was deleted before anybody has seen it. */
  readonly isWhole: boolean;
};

/** Opens records with the keys among them; claims are called what events call them. */
export function openRecords(records: readonly LogRecord[], opener: LogOpener): AtomicRecord[] {
  const all = openEach(records, opener);
  const named = all.flatMap((record) => {
    if (record.kind === 'event') return claimOf(record.placed.event);
    if (record.kind === 'deletion') return record.record.addresses;
    const isOpen = record.kind === 'attempt' && record.record.state === 'open';
    return isOpen && 'claim' in record.record ? record.record.claim : [];
  });
  const nameOf = nameClaims(named, opener.layout);
  return all.map((record) => {
    if (record.kind === 'claim') return { ...record, k: nameOf(record.k) };
    if (record.kind !== 'deletion') return record;
    const claims = record.record.claims.map(nameOf);
    return { ...record, record: { ...record.record, claims } };
  });
}

function openEach(
  records: readonly LogRecord[],
  { dataKeys, attemptKeys }: LogOpener,
): AtomicRecord[] {
  const opened = new Map<string, DataKey>();
  return records.map(({ subject, position, data }): AtomicRecord => {
    const name = subject.slice(subject.lastIndexOf('.') + 1);
    const text = Buffer.from(data).toString('utf8');
    switch (recordKind(subject)) {
      case 'claim':
        return { kind: 'claim', position, k: name, record: parse(ClaimRecord, text) };
      case 'deletion':
        return { kind: 'deletion', position, record: parse(DeletionRecord, text) };
      case 'attempt': {
        const { record } = placeAttempt(name, { text, position }, attemptKeys);
        return { kind: 'attempt', position, id: name, record };
      }
      case 'key': {
        const record = parse(KeyRecord, text);
        opened.set(name, dataKeys.open(name, record));
        return { kind: 'key', position, userId: name, version: record.version };
      }
      case 'account': {
        const placed = placeEvent(text, position, opened.get(name));
        return { kind: 'event', position, userId: name, placed };
      }
      case 'mail-wish':
        return { kind: 'wish', position };
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
    if (next !== undefined && !isBoundary(record, next)) continue;
    const members = records.slice(start, n + 1);
    const isWhole = record.position - before === members.length;
    commits.push({ records: members, last: record.position, isWhole });
    before = record.position;
    start = n + 1;
  }
  return commits;
}

const ORDER = ['claim', 'deletion', 'attempt', 'key', 'event'] as const;

function isBoundary(record: AtomicRecord, next: AtomicRecord): boolean {
  if (isReplaced(record, next)) return false;
  return isAlone(record) || isAlone(next) || rankOf(next) < rankOf(record);
}

/** An attempt that takes the place of one that is over is appended with the deletion of that. */
function isReplaced(record: AtomicRecord, next: AtomicRecord): boolean {
  if (record.kind !== 'deletion' || next.kind !== 'attempt') return false;
  const { attempts } = record.record;
  return next.record.state === 'open' && attempts.some(({ id }) => id === next.id);
}

function rankOf({ kind }: AtomicRecord): number {
  return ORDER.findIndex((one) => one === kind);
}

/** What is never appended together with anything that it belongs to. */
function isAlone(record: AtomicRecord): boolean {
  switch (record.kind) {
    case 'attempt':
      return record.record.state !== 'closed';
    case 'key':
      return record.version > 1;
    case 'wish':
      return true;
    case 'claim':
    case 'deletion':
    case 'event':
      return false;
    default:
      return record satisfies never;
  }
}

function parse<Schema extends typeof ClaimRecord | typeof KeyRecord | typeof DeletionRecord>(
  schema: Schema,
  text: string,
) {
  return Value.Parse(schema, JSON.parse(text));
}
