import {
  ACCOUNTS_STREAM,
  type AccountEvent,
  type ClaimRecord,
  decodeEvent,
  decodeText,
  factOf,
  openEvent,
  parseAttemptRecord,
  parseClaimRecord,
  parseKeyRecord,
  parseOrThrow,
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
import { secretFiles } from '../../deploy/local/secrets/files.ts';
import type { LogFacts } from '../history/types.ts';
import { foldAccount, type PlacedEvent } from './account.ts';
import { openAdminLog } from './admin-log.ts';
import { foldAttempt, type PlacedAttempt } from './attempt.ts';
import { nameClaims, readClaimLayout } from './claim-names.ts';

const READ_DEADLINE_MS = 120_000;

/** Keys that open the log of a stack, and the layout of its claims. */
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

/** Reads the whole log as the admin and opens it with the keys of the stack. */
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
  for (const record of records) {
    const { subject, position } = record;
    const name = nameIn(subject);
    switch (recordKind(subject)) {
      case 'claim':
        claims.set(name, parseOrThrow(parseClaimRecord, record));
        break;
      case 'key':
      case 'deletion':
      case 'mail-wish':
      case 'farewell':
        break;
      case 'account':
        add(events, name, placeEvent(record, opened.get(name)));
        break;
      case 'attempt':
        add(attempts, name, placeAttempt(record, attemptKeys));
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

/** Opens every key. A re-wrapped key lies after events of its person. */
function openKeys(records: readonly LogRecord[], dataKeys: DataKeys) {
  const opened = new Map<string, DataKey>();
  const keys = records.flatMap((logged) => {
    const { subject, position } = logged;
    if (recordKind(subject) !== 'key') return [];
    const userId = nameIn(subject);
    const record = parseOrThrow(parseKeyRecord, logged);
    opened.set(userId, dataKeys.open(userId, record));
    return [{ userId, position, version: record.version }];
  });
  return { opened, keys };
}

/** Returns the last part of a subject. */
export function nameIn(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

/** Returns the claim that an event names. Empty without an event or a claim. */
export function claimOf(event: AccountEvent | undefined): readonly string[] {
  if (event === undefined || event.personal === null || !('claim' in event.personal)) return [];
  return [event.personal.claim];
}

/** Decodes the event in a record, and opens its personal data if there is a key. */
export function placeEvent(
  { data, position }: Pick<LogRecord, 'data' | 'position'>,
  key: DataKey | undefined,
): PlacedEvent {
  const stored = decodeEvent(decodeText(data));
  const { metadata, type, personal } = stored;
  const { userId, id: eventId } = metadata;
  const placed = { position, metadata, fact: factOf(stored) };
  // After an erasure only the facts can be read.
  if (personal !== null && key === undefined) return { ...placed, event: undefined };
  const plain =
    key === undefined || personal === null
      ? null
      : openPersonal(key, { eventId, type, userId }, personal);
  return { ...placed, event: openEvent(stored, plain) };
}

/** Parses a record of an attempt, and opens its data if the key of its day exists. */
export function placeAttempt(logged: LogRecord, attemptKeys: AttemptKeys): PlacedAttempt {
  const { subject, position } = logged;
  const record = parseOrThrow(parseAttemptRecord, logged);
  if (record.state !== 'open') return { position, record, data: undefined };
  const opened = attemptKeys.open(nameIn(subject), record);
  const data = opened && { ...opened.data, locale: record.locale };
  return { position, record, data };
}
