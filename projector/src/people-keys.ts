import { isEnding, type KeyRecord, subjects } from '@zameni/contracts';
import {
  createBackoff,
  type DataKey,
  type DataKeys,
  delay,
  type EventLog,
  type Logger,
  type LogRecord,
} from '@zameni/runtime';
import { createKeyCache } from './key-cache.ts';
import { createKeyFeed, type KeyFeed } from './key-feed.ts';
import { parseKeyRecord } from './key-record.ts';
import { PoisonEventError } from './poison-event.ts';
import { orPoison, personOf, poisonAt, readEventRecord } from './read-record.ts';

/** People's open data keys, for who reads events in the order of the log. */
export type PeopleKeys = {
  /**
   * Reads keys along from behind a position, until it is disposed of; then no key is kept, because
   * nobody is told any more whom to forget.
   */
  readonly follow: (from: number, signal: AbortSignal) => AsyncDisposable;
  /** The key that opens an event; a person's first event was appended with it. */
  readonly find: (
    event: LogRecord,
    isFirst: boolean,
    signal: AbortSignal,
  ) => Promise<DataKey | 'erased'>;
  /** Drops the key of the person whom an event tells to forget. */
  readonly forget: (event: LogRecord) => void;
};

/** Where keys come from and what opens them. */
export type PeopleKeysDeps = {
  readonly log: Pick<EventLog, 'readBatches' | 'readLastFromReplica'>;
  readonly dataKeys: Pick<DataKeys, 'open'>;
  readonly logger: Logger;
};

/** How many keys are kept open, and how long one is looked for. */
export type PeopleKeysOptions = {
  readonly maxKeys: number;
  readonly feedWaitMs?: number;
  readonly missingMs?: number;
};

/** Milliseconds to wait for the keys that come along. */
const FEED_WAIT_MS = 250;

/** Milliseconds until a key that no replica shows counts as missing: one may lag behind the others. */
const MISSING_MS = 1_000;
const MISSING_BACKOFF = { baseMs: 20, maxMs: 200 };

/**
 * A person's key record lies right before the first event, so its key is almost always at hand;
 * otherwise the log is asked for it. Any replica may answer that, so what is not there is asked for
 * again. A missing key is one that was destroyed only when the person's log ends with why, she was
 * erased or superseded, which an older answer cannot say too early. A key record that cannot be opened
 * may have been wrapped anew since, so it is the event that needs it which stops, not the record.
 */
export function createPeopleKeys(
  { log, dataKeys, logger }: PeopleKeysDeps,
  { maxKeys, feedWaitMs = FEED_WAIT_MS, missingMs = MISSING_MS }: PeopleKeysOptions,
): PeopleKeys {
  const keys = createKeyCache(maxKeys);
  let feed: KeyFeed | undefined;
  /** The last event that was read of those that have to do with keys. */
  let reached = 0;

  /** Opens a person's key for a record of hers, which is to blame when that fails. */
  function open(wrapped: KeyRecord | undefined, record: LogRecord): DataKey {
    if (wrapped === undefined) throw poisonAt(record, 'key-unusable');
    const userId = personOf(record);
    const key = orPoison(record, 'key-unusable', () => dataKeys.open(userId, wrapped));
    keys.set(userId, key);
    return key;
  }

  /**
   * Keeps the key of a first event to come. Any other, one wrapped anew or come by late, might
   * outlive the erasure that is read already.
   */
  function take(record: LogRecord): void {
    if (record.position <= reached) return;
    try {
      const wrapped = parseKeyRecord(record);
      if (wrapped?.version === 1) open(wrapped, record);
    } catch (error) {
      if (!(error instanceof PoisonEventError)) throw error;
    }
  }

  async function takeUpTo(event: LogRecord): Promise<DataKey | undefined> {
    const userId = personOf(event);
    await feed?.readUpTo(event.position, () => keys.get(userId) !== undefined);
    return keys.get(userId);
  }

  async function ask(event: LogRecord, signal: AbortSignal): Promise<DataKey | 'erased'> {
    const backoff = createBackoff(MISSING_BACKOFF);
    const giveUpAtMs = performance.now() + missingMs;
    for (;;) {
      const record = await log.readLastFromReplica(subjects.key(personOf(event)), signal);
      if (record !== undefined) return open(parseKeyRecord(record), event);
      const last = await log.readLastFromReplica(event.subject, signal);
      if (last !== undefined && isEnding(readEventRecord(last).name)) return 'erased';
      if (performance.now() >= giveUpAtMs) throw poisonAt(event, 'key-missing');
      await delay(backoff.nextMs(), signal);
    }
  }

  return {
    follow: (from, signal) => {
      reached = from;
      const begun = createKeyFeed({ log, take, logger }, { from, signal, waitMs: feedWaitMs });
      feed = begun;
      return {
        [Symbol.asyncDispose]: async () => {
          await begun[Symbol.asyncDispose]();
          keys.clear();
        },
      };
    },
    find: async (event, isFirst, signal) => {
      const known = keys.get(personOf(event)) ?? (isFirst ? await takeUpTo(event) : undefined);
      reached = event.position;
      return known ?? ask(event, signal);
    },
    forget: (event) => {
      reached = event.position;
      keys.forget(personOf(event));
    },
  };
}
