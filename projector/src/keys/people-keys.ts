import { type KeyRecord, parseKeyRecord, recordKind, subjects } from '@zameni/contracts';
import {
  createBackoff,
  type DataKey,
  type DataKeys,
  delay,
  type EventLog,
  isAbsent,
  type LogRecord,
} from '@zameni/runtime';
import { isErasedEvent } from '../records/erased-event.ts';
import { idOf } from '../records/event-record.ts';
import { orPoison, poisonAt } from '../records/poison-at.ts';
import { PoisonRecordError } from '../records/poison-record.ts';
import { createKeyCache } from './key-cache.ts';

/** People's open data keys, for a reader that follows the log in order. */
export type PeopleKeys = {
  /**
   * Call it when reading begins after a position. Keys stay for a reader that goes on where it was
   * interrupted, and only then: behind its back no erasure evicts them.
   */
  readonly resume: (position: number) => void;
  /** Reads the keys of a batch that are neither known nor in it, in few requests. */
  readonly load: (batch: readonly LogRecord[], signal: AbortSignal) => Promise<void>;
  /** Keeps the key in a record for the events after it. */
  readonly take: (key: LogRecord) => void;
  /** Finds the key that opens an event. */
  readonly find: (event: LogRecord, signal: AbortSignal) => Promise<DataKey | 'erased'>;
  /** Drops a person's key after their erasure was read. */
  readonly evict: (event: LogRecord) => void;
  /** Call it when reading ends after a position. Drops all keys unless it goes on soon. */
  readonly pause: (position: number) => void;
};

/** The source of key records, and the keys that open them. */
export type PeopleKeysDeps = {
  readonly log: Pick<EventLog, 'readLast' | 'readLastFromReplica' | 'countRecords'>;
  readonly dataKeys: Pick<DataKeys, 'open'>;
};

/** Number of keys to keep open, and milliseconds to look for a missing key. */
export type PeopleKeysOptions = { readonly maxKeys: number; readonly missingMs?: number };

/** Milliseconds after which the keys of a reader that was interrupted are dropped. */
const KEPT_MS = 10_000;

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
  let paused: { readonly position: number; readonly timer: NodeJS.Timeout } | undefined;

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

  /** People with events in a batch whose keys are neither known nor in it before the events. */
  function findUnknown(batch: readonly LogRecord[]): string[] {
    const seen = new Set<string>();
    const unknown: string[] = [];
    for (const record of batch) {
      const kind = recordKind(record.subject);
      if (kind !== 'key' && kind !== 'account') continue;
      const userId = idOf(record);
      if (seen.has(userId)) continue;
      seen.add(userId);
      if (kind === 'account' && keys.get(userId) === undefined) unknown.push(userId);
    }
    return unknown;
  }

  async function isMissing(event: LogRecord, signal: AbortSignal): Promise<boolean> {
    return isAbsent(log, { subject: subjects.key(idOf(event)), known: event.position }, signal);
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
    resume: (position) => {
      clearTimeout(paused?.timer);
      if (paused?.position !== position) keys.clear();
      paused = undefined;
    },
    pause: (position) => {
      paused = { position, timer: setTimeout(() => keys.clear(), KEPT_MS).unref() };
    },
    load: async (batch, signal) => {
      const unknown = findUnknown(batch);
      // A single key is read when its event is.
      if (unknown.length < 2) return;
      const found = await log.readLast(unknown.map(subjects.key), signal);
      for (const record of found.values()) {
        const wrapped = parseKeyRecord(record.data);
        if (wrapped === undefined) continue;
        const userId = idOf(record);
        try {
          keys.set(userId, dataKeys.open(userId, wrapped));
        } catch {
          // It is asked for again with its event, which becomes poison if that fails too.
        }
      }
    },
    find: async (event, signal) => keys.get(idOf(event)) ?? ask(event, signal),
    evict: (event) => keys.evict(idOf(event)),
  };
}
