import {
  ACCOUNTS_STREAM,
  type AccountEvent,
  AttemptRecord,
  ClaimRecord,
  decodeEvent,
  factOf,
  KeyRecord,
  openEvent,
  recordKind,
} from '@zameni/contracts';
import {
  type AttemptKeys,
  type ClaimLayout,
  createAttemptKeys,
  createDataKeys,
  type DataKey,
  type DataKeys,
  type LogRecord,
  openPersonal,
  readKeyRing,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/testing';
import { Value } from 'typebox/value';
import { secretFiles } from '../../deploy/local/secrets/secrets.ts';
import type { LogFacts } from '../history/history.ts';
import { foldAccount, type PlacedEvent } from '../log/account.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { foldAttempt, type PlacedAttempt } from '../log/attempt.ts';
import { nameClaims, readClaimLayout } from '../log/claim-names.ts';

const READ_DEADLINE_MS = 120_000;

/** What opens the log of a stack, and says where its claims lie. */
export type LogOpener = {
  readonly dataKeys: DataKeys;
  readonly attemptKeys: AttemptKeys;
  readonly layout: ClaimLayout;
};

/** Reads the keys of a stack as they are now. */
export function createLogOpener(stack: Stack): LogOpener {
  const { attemptKeys } = secretFiles(stack.folders.secrets);
  return {
    dataKeys: createDataKeys(readKeyRing(stack.keys.kekFile)),
    attemptKeys: createAttemptKeys(readKeyRing(attemptKeys)),
    layout: readClaimLayout(stack),
  };
}

/** Reads the whole log as the admin, and opens it with the keys of the stack. */
export async function readLog(stack: Stack): Promise<LogFacts> {
  await using admin = await openAdminLog(stack, 'crash-recovery');
  const { log } = admin;
  const signal = AbortSignal.timeout(READ_DEADLINE_MS);
  const head = await log.head(signal);
  const records: LogRecord[] = [];
  const options = {
    filters: ACCOUNTS_STREAM.subjects,
    after: 0,
    maxRecords: 1_000,
    maxBytes: 4 * 1024 * 1024,
  };
  if (head > 0) {
    for await (const batch of log.readBatches(options, signal)) {
      records.push(...batch);
      if ((batch.at(-1)?.position ?? 0) >= head) break;
    }
  }
  signal.throwIfAborted();
  return toFacts(records, createLogOpener(stack));
}

function toFacts(
  records: readonly LogRecord[],
  { dataKeys, attemptKeys, layout }: LogOpener,
): LogFacts {
  const { opened, keys } = openKeys(records, dataKeys);
  const claims = new Map<string, ClaimRecord>();
  const events = new Map<string, [PlacedEvent, ...PlacedEvent[]]>();
  const attempts = new Map<string, [PlacedAttempt, ...PlacedAttempt[]]>();
  for (const { subject, position, data } of records) {
    const name = nameIn(subject);
    const text = Buffer.from(data).toString('utf8');
    switch (recordKind(subject)) {
      case 'claim':
        claims.set(name, Value.Parse(ClaimRecord, JSON.parse(text)));
        break;
      case 'key':
      case 'deletion':
      case 'mail-wish':
        break;
      case 'account':
        add(events, name, placeEvent(text, position, opened.get(name)));
        break;
      case 'attempt':
        add(attempts, name, placeAttempt(name, { text, position }, attemptKeys));
        break;
      case undefined:
        throw new Error(`a record at ${position} is of no kind`);
    }
  }
  const named = [
    ...[...events.values()].flat().flatMap(({ event }) => claimOf(event)),
    ...[...attempts.values()]
      .flat()
      .flatMap(({ record }) => (record.state === 'open' ? record.claim : [])),
  ];
  const nameOf = nameClaims(named, layout);
  return {
    claims: [...claims].map(([end, record]) => ({ k: nameOf(end), record })),
    keys,
    accounts: [...events].map(([userId, all]) => foldAccount(userId, all)),
    attempts: [...attempts].map(([id, all]) => foldAttempt(id, all)),
  };
}

function add<Item>(all: Map<string, [Item, ...Item[]]>, name: string, item: Item): void {
  const before = all.get(name);
  if (before === undefined) all.set(name, [item]);
  else before.push(item);
}

/** Opens every key. One that was wrapped again lies behind events of its person. */
function openKeys(records: readonly LogRecord[], dataKeys: DataKeys) {
  const opened = new Map<string, DataKey>();
  const keys = records.flatMap(({ subject, position, data }) => {
    if (recordKind(subject) !== 'key') return [];
    const userId = nameIn(subject);
    const record = Value.Parse(KeyRecord, JSON.parse(Buffer.from(data).toString('utf8')));
    opened.set(userId, dataKeys.open(userId, record));
    return [{ userId, position, version: record.version }];
  });
  return { opened, keys };
}

function nameIn(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

/** The claim that an event names; none when there is no event, or it is about no address. */
export function claimOf(event: AccountEvent | undefined): readonly string[] {
  if (event === undefined || event.personal === null || !('claim' in event.personal)) return [];
  return [event.personal.claim];
}

/** An event at its place, its personal data opened where there is a key. */
export function placeEvent(text: string, position: number, key: DataKey | undefined): PlacedEvent {
  const stored = decodeEvent(text);
  const { metadata, type, personal } = stored;
  const { userId, id: eventId } = metadata;
  const placed = { position, metadata, fact: factOf(stored) };
  // Only the facts are left of an erased person.
  if (personal !== null && key === undefined) return { ...placed, event: undefined };
  const plain =
    key === undefined || personal === null
      ? null
      : openPersonal(key, { eventId, type, userId }, personal);
  return { ...placed, event: openEvent(stored, plain) };
}

/** A record of an attempt at its place, its data opened where the key of its day is there. */
export function placeAttempt(
  id: string,
  { text, position }: { readonly text: string; readonly position: number },
  attemptKeys: AttemptKeys,
): PlacedAttempt {
  const record = Value.Parse(AttemptRecord, JSON.parse(text));
  const data = record.state === 'open' ? attemptKeys.open(id, record)?.data : undefined;
  return { position, record, data };
}
