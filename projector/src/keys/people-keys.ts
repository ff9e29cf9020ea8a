import { type KeyRecord, subjects } from '@zameni/contracts';
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
import { parseKeyRecord } from '../records/key-record.ts';
import { orPoison, poisonAt } from '../records/poison-at.ts';
import { PoisonRecordError } from '../records/poison-record.ts';
import { createKeyCache } from './key-cache.ts';

/** People's open data keys, for a reader of the log in its order. */
export type PeopleKeys = {
  /** Keeps the key in a record for the events behind it. */
  readonly take: (key: LogRecord) => void;
  /** The key that opens an event. */
  readonly find: (event: LogRecord, signal: AbortSignal) => Promise<DataKey | 'erased'>;
  /** Drops the key of a person whose erasure was read. */
  readonly evict: (event: LogRecord) => void;
  /** Drops all keys when reading ends: nobody tells any more which ones to evict. */
  readonly clear: () => void;
};

/** Where keys come from and what opens them. */
export type PeopleKeysDeps = {
  readonly log: Pick<EventLog, 'readLastFromReplica'>;
  readonly dataKeys: Pick<DataKeys, 'open'>;
};

/** How many keys are kept open, and how long one is looked for. */
export type PeopleKeysOptions = { readonly maxKeys: number; readonly missingMs?: number };

/** Milliseconds until a key that no replica shows counts as missing: one may lag behind the others. */
const MISSING_MS = 1_000;
const MISSING_BACKOFF = { baseMs: 20, maxMs: 200 };

/**
 * A person's key record lies right before their first event, so their key is almost always at hand;
 * otherwise the log is asked for it. Any replica may answer that, so what is not there is asked for
 * again. A missing key is one that was destroyed only when the person's log ends with their erasure,
 * which an older answer cannot say too early. A key record that cannot be opened may have been
 * re-wrapped since, so the event that needs it stops the projection, not the record.
 */
export function createPeopleKeys(
  { log, dataKeys }: PeopleKeysDeps,
  { maxKeys, missingMs = MISSING_MS }: PeopleKeysOptions,
): PeopleKeys {
  const keys = createKeyCache(maxKeys);

  /** Opens a person's key for a record of theirs, which is to blame when that fails. */
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
      if (record !== undefined) return open(parseKeyRecord(record), event);
      const last = await log.readLastFromReplica(event.subject, signal);
      if (last !== undefined && orPoison(last, 'undecodable', () => isErasedEvent(last))) {
        return 'erased';
      }
      if (performance.now() >= giveUpAtMs) throw poisonAt(event, 'key-missing');
      await delay(backoff.nextMs(), signal);
    }
  }

  return {
    take: (record) => {
      const wrapped = parseKeyRecord(record);
      // One that was re-wrapped may lie behind its person's erasure, and would outlive it here.
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
