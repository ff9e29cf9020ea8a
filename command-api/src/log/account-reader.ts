import {
  decodeEvent,
  factOf,
  KeyRecord,
  openEvent,
  type StoredEvent,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  AppError,
  createBackoff,
  type DataKey,
  type DataKeys,
  delay,
  type EventLog,
  type LogRecord,
  openPersonal,
} from '@zameni/runtime';
import { Compile } from 'typebox/compile';
import {
  type AccountState,
  absentAccount,
  evolve,
  evolveData,
  type PersonData,
} from '../domain/account.ts';

/** One account as the log has it, and the record that a change of it must be guarded on. */
export type LoadedAccount = {
  readonly state: AccountState;
  readonly last: LogRecord | undefined;
  /** Whether its events are as many, or as large, as can be read again and again at bearable cost. */
  readonly isFull: boolean;
  /** The person's key and data; undefined unless asked for, and when the account is nobody's. */
  readonly person: { readonly key: DataKey; readonly data: PersonData | undefined } | undefined;
};

/** What loading accounts needs. */
export type AccountLogDeps = { readonly log: EventLog; readonly dataKeys: DataKeys };

/** Loads an account; `withPerson` opens the person's data too. */
export type LoadAccount = (
  userId: UserId,
  withPerson: boolean,
  signal: AbortSignal,
) => Promise<LoadedAccount>;

/**
 * Events and bytes of one account from which on it takes no change that may be repeated at will. What
 * ends such changes (erasure, deactivation, proof) is always taken, so the account stays readable: the
 * log reads 10,000 records or 32 MiB of one subject.
 */
const FULL_EVENTS = 1_000;
const FULL_BYTES = 4 * 1024 * 1024;

const keyRecordCheck = Compile(KeyRecord);

/** Milliseconds between looks at a replica that lags behind the leader. */
const LAG_BACKOFF = { baseMs: 5, maxMs: 100 };

/**
 * Reads an account's events from any replica and folds them. What is read may be old, which the
 * guards of the append tell; only that there is nothing at all is asked of the leader, because "not
 * yet" told as "not found" is the worse failure.
 */
export function createLoadAccount({ log, dataKeys }: AccountLogDeps): LoadAccount {
  async function readRecords(userId: UserId, signal: AbortSignal): Promise<readonly LogRecord[]> {
    const subject = subjects.account(userId);
    const backoff = createBackoff(LAG_BACKOFF);
    for (;;) {
      const records = await log.readSubject(subject, signal);
      if (records.length > 0) return records;
      if ((await log.readLastFromLeader(subject, signal)) === undefined) return [];
      await delay(backoff.nextMs(), signal);
    }
  }

  /**
   * A missing key of a person who was not erased is a fault that may pass, never an answer; undefined when the account has moved on since its last record was read.
   */
  async function openKey(
    userId: UserId,
    last: LogRecord | undefined,
    signal: AbortSignal,
  ): Promise<DataKey | undefined> {
    const record = await log.readLastFromLeader(subjects.key(userId), signal);
    if (record === undefined) {
      const newest = await log.readLastFromLeader(subjects.account(userId), signal);
      if (newest?.position !== last?.position) return undefined;
      throw new Error('the key of a person who is there is missing');
    }
    const value: unknown = JSON.parse(toText(record));
    if (!keyRecordCheck.Check(value)) throw new Error('a key record cannot be read');
    return dataKeys.open(userId, value);
  }

  async function load(
    userId: UserId,
    withPerson: boolean,
    signal: AbortSignal,
  ): Promise<LoadedAccount> {
    const records = await readRecords(userId, signal);
    const events = records.map((record) => decodeEvent(toText(record)));
    const state = events.reduce(
      (before, event) => evolve(before, { ...factOf(event), id: event.metadata.id }),
      absentAccount,
    );
    const last = records.at(-1);
    const bytes = records.reduce((sum, { data }) => sum + data.length, 0);
    const isFull = records.length >= FULL_EVENTS || bytes >= FULL_BYTES;
    if (!withPerson || !('registration' in state))
      return { state, last, isFull, person: undefined };
    const key = await openKey(userId, last, signal);
    if (key === undefined) {
      await delay(LAG_BACKOFF.maxMs, signal);
      return load(userId, withPerson, signal);
    }
    return { state, last, isFull, person: { key, data: toData(events, key) } };
  }

  return async (userId, withPerson, signal) => {
    try {
      return await load(userId, withPerson, signal);
    } catch (cause) {
      throw new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
    }
  };
}

function toData(events: readonly StoredEvent[], key: DataKey): PersonData | undefined {
  return events.reduce<PersonData | undefined>((data, event) => {
    const { personal, metadata, type } = event;
    const binding = { eventId: metadata.id, type, userId: metadata.userId };
    const plaintext = personal === null ? null : openPersonal(key, binding, personal);
    return evolveData(data, openEvent(event, plaintext));
  }, undefined);
}

function toText({ data }: LogRecord): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString();
}
