import {
  type AttemptRecord,
  type ClaimRecord,
  type DeletionRecord,
  parseClaimRecord,
  parseDeletionRecord,
  parseFarewell,
  parseKeyRecord,
  parseOrThrow,
  recordKind,
} from '@zameni/contracts';
import type { DataKey, LogRecord } from '@zameni/runtime';
import type { PlacedEvent } from '../log/account.ts';
import { nameClaims } from '../log/claim-names.ts';
import { claimOf, type LogOpener, nameIn, placeAttempt, placeEvent } from '../log/stores.ts';

/** A parsed record of the log. */
export type AtomicRecord = {
  readonly position: number;
} /** One that is reserved counts as given up. It comes after the deletion record. */ & (
  | {
      readonly kind: 'claim';
      readonly k: string;
      readonly record: ClaimRecord;
      readonly isReserved?: true;
    }
  /** Its claims have the same names as `k`. */
  | { readonly kind: 'deletion'; readonly record: DeletionRecord }
  | { readonly kind: 'attempt'; readonly id: string; readonly record: AttemptRecord }
  /** From version 2 on the key is re-wrapped, and its record is appended alone. */
  | { readonly kind: 'key'; readonly userId: string; readonly version: number }
  | { readonly kind: 'event'; readonly userId: string; readonly placed: PlacedEvent }
  | { readonly kind: 'wish' }
  /** `isFormer`: to a former address. */
  | { readonly kind: 'farewell'; readonly userId: string; readonly isFormer?: boolean }
);

/**
 * Records that were appended together, as far as positions show: claims, a deletion record, the
 * closing record of an attempt, a farewell, a key, then events. A commit of events alone counts as part of the
 * previous one.
 */
export type Commit = {
  readonly records: readonly AtomicRecord[];
  readonly last: number;
  /** False if a record of the commit was deleted before it was read. */
  readonly isWhole: boolean;
};

/** Opens records with the keys among them. Claims get the names that events use. */
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
  return records.map((logged): AtomicRecord => {
    const { subject, position } = logged;
    const name = nameIn(subject);
    switch (recordKind(subject)) {
      case 'claim':
        return { kind: 'claim', position, k: name, ...placeClaim(logged) };
      case 'deletion':
        return { kind: 'deletion', position, record: parseOrThrow(parseDeletionRecord, logged) };
      case 'attempt': {
        const { record } = placeAttempt(logged, attemptKeys);
        return { kind: 'attempt', position, id: name, record };
      }
      case 'key': {
        const record = parseOrThrow(parseKeyRecord, logged);
        opened.set(name, dataKeys.open(name, record));
        return { kind: 'key', position, userId: name, version: record.version };
      }
      case 'account': {
        const placed = placeEvent(logged, opened.get(name));
        return { kind: 'event', position, userId: name, placed };
      }
      case 'mail-wish':
        return { kind: 'wish', position };
      case 'farewell': {
        const { userId = name } = parseOrThrow(parseFarewell, logged);
        const isFormer = userId !== name;
        return { kind: 'farewell', position, userId, ...(isFormer ? { isFormer } : {}) };
      }
      case undefined:
        throw new Error(`a record at ${position} is of no kind`);
    }
  });
}

function placeClaim(logged: LogRecord) {
  const record = parseOrThrow(parseClaimRecord, logged);
  if (record.state !== 'held' || record.until === undefined) return { record };
  return { record: { state: 'released', by: 'email-change' }, isReserved: true } as const;
}

/** Divides records, in order, into commits. `after` is the position before the first record. */
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

const ORDER = ['claim', 'deletion', 'attempt', 'farewell', 'key', 'event'] as const;

function isBoundary(record: AtomicRecord, next: AtomicRecord): boolean {
  if (isReplaced(record, next)) return false;
  return isAlone(record) || isAlone(next) || rankOf(next) < rankOf(record);
}

/**
 * A new attempt that replaces an expired one is appended with the deletion record of the latter.
 */
function isReplaced(record: AtomicRecord, next: AtomicRecord): boolean {
  if (record.kind !== 'deletion' || next.kind !== 'attempt') return false;
  const { attempts } = record.record;
  return next.record.state === 'open' && attempts.some(({ id }) => id === next.id);
}

function rankOf(record: AtomicRecord): number {
  const isReserved = record.kind === 'claim' && record.isReserved === true;
  return ORDER.findIndex((one) => one === (isReserved ? 'deletion' : record.kind));
}

/** Whether a record is always appended alone. */
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
    case 'farewell':
    case 'event':
      return false;
    default:
      return record satisfies never;
  }
}
