import { type KeyRecord, parseKeyRecord, subjects } from '@zameni/contracts';
import {
  createBackoff,
  type DataKey,
  type DataKeys,
  delay,
  type EventLog,
  type LogRecord,
} from '@zameni/runtime';
import { isErasedEvent } from '../records/erased-event.ts';
import { idOf } from '../records/event-record.ts';
import { orPoison, poisonAt } from '../records/poison-at.ts';
import { PoisonRecordError } from '../records/poison-record.ts';
import { createKeyCache } from './key-cache.ts';

/** People's open data keys, for a reader that follows the log in order. */
export type PeopleKeys = {
  /** Keeps the key in a record for the events after it. */
  readonly take: (key: LogRecord) => void;
  /** Finds the key that opens an event. */
  readonly find: (event: LogRecord, signal: AbortSignal) => Promise<DataKey | 'erased'>;
  /** Drops a person's key after their erasure was read. */
  readonly evict: (event: LogRecord) => void;
  /** Drops all keys. Called when reading ends, because then no erasure evicts them. */
  readonly clear: () => void;
};

/** The source of key records, and the keys that open them. */
export type PeopleKeysDeps = {
  readonly log: Pick<EventLog, 'readLastFromReplica' | 'hasRecord' | 'head'>;
  readonly dataKeys: Pick<DataKeys, 'open'>;
};

/** Number of keys to keep open, and milliseconds to look for a missing key. */
export type PeopleKeysOptions = { readonly maxKeys: number; readonly missingMs?: number };

/** Milliseconds to ask the replicas for a key, which may lag, before the leader is asked. */
const MISSING_MS = 1_000;
const MISSING_BACKOFF = { baseMs: 20, maxMs: 200 };

/**
 * A person's key record lies right before their first event, so the key is almost always in memory.
 * Otherwise it is read from the log. Any replica may answer, so a missing key is read again. A
 * missing key counts as destroyed only if the person's last event is their erasure; a stale answer
 * cannot show an erasure too early. It counts as missing only if a leader that knows the event says
 * so. A key record that cannot be opened may have been re-wrapped since. So the event that needs the
 * key parks its account, not the key record.
 */
export function createPeopleKeys(
  { log, dataKeys }: PeopleKeysDeps,
  { maxKeys, missingMs = MISSING_MS }: PeopleKeysOptions,
): PeopleKeys {
  const keys = createKeyCache(maxKeys);

  /** Opens a person's key for a record of theirs. A failure makes that record poison. */
  function open(wrapped: KeyRecord | undefined, record: LogRecord): DataKey {
    if (wrapped === undefined) throw poisonAt(record, 'key-unusable');
    const userId = idOf(record);
    const key = orPoison(record, 'key-unusable', () => dataKeys.open(userId, wrapped));
    keys.set(userId, key);
    return key;
  }

  async function ask(event: LogRecord, signal: AbortSignal): Promise<DataKey | 'erased'> {
    const backoff = createBackoff(MISSING_BACKOFF);
    const giveUpAtMs = performance.now() + missingMs;
    for (;;) {
      const record = await log.readLastFromReplica(subjects.key(idOf(event)), signal);
      if (record !== undefined) return open(parseKeyRecord(record.data), event);
      const last = await log.readLastFromReplica(event.subject, signal);
      if (last !== undefined && orPoison(last, 'undecodable', () => isErasedEvent(last))) {
        return 'erased';
      }
      if (performance.now() >= giveUpAtMs && (await isMissing(event, signal))) {
        throw poisonAt(event, 'key-missing');
      }
      await delay(backoff.nextMs(), signal);
    }
  }

  async function isMissing(event: LogRecord, signal: AbortSignal): Promise<boolean> {
    if (await log.hasRecord(subjects.key(idOf(event)), signal)) return false;
    return (await log.head(signal)) >= event.position;
  }

  return {
    take: (record) => {
      const wrapped = parseKeyRecord(record.data);
      // A re-wrapped key may lie after its person's erasure. No later record would evict it here.
      if (wrapped?.version !== 1) return;
      try {
        open(wrapped, record);
      } catch (error) {
        if (!(error instanceof PoisonRecordError)) throw error;
      }
    },
    find: async (event, signal) => keys.get(idOf(event)) ?? ask(event, signal),
    evict: (event) => keys.evict(idOf(event)),
    clear: () => keys.clear(),
  };
}
