import {
  decodeEvent,
  decodeText,
  factOf,
  openEvent,
  parseKeyRecord,
  parseOrThrow,
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
  Fault,
} from '@zameni/runtime';
import {
  type AccountState,
  absentAccount,
  evolve,
  evolveData,
  type PersonData,
} from '../domain/account.ts';

/** An account from the log, and the record that a change of it must be guarded on. */
export type LoadedAccount = {
  readonly state: AccountState;
  readonly last: LogRecord | undefined;
  /** Whether the account has so many or so large events that repeated reads would cost too much. */
  readonly isFull: boolean;
  /** The time of an event by its id. */
  readonly timeOf: (eventId: string) => string | undefined;
  /** The person's key and data. Undefined if not requested, or if the account has no person. */
  readonly person: { readonly key: DataKey; readonly data: PersonData | undefined } | undefined;
};

/** Dependencies of loading accounts. */
export type AccountLogDeps = { readonly log: EventLog; readonly dataKeys: DataKeys };

/** Loads an account. `withPerson` also opens the person's data. */
export type LoadAccount = (
  userId: UserId,
  withPerson: boolean,
  signal: AbortSignal,
) => Promise<LoadedAccount>;

/**
 * Bounds of one account, in events and bytes. A full account accepts no change that can be repeated
 * at will, but always erasure, deactivation and proof. So it stays below 10,000 records and 32 MiB,
 * which the log reads of one subject at most.
 */
const FULL_EVENTS = 1_000;
const FULL_BYTES = 4 * 1024 * 1024;

/** Milliseconds between reads of a replica that lags behind the leader. */
const LAG_BACKOFF = { baseMs: 5, maxMs: 100 };

/**
 * Reads an account's events from any replica and folds them. They may be stale; the guards of the
 * append detect that. If there are none, the leader is asked too: the worse failure is to report
 * "not found" for an account that the replica does not have yet.
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
   * Opens the person's key. Returns undefined if the account has a newer record than `last`,
   * because the person may be erased. Otherwise a missing key is a fault, which may pass.
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
      throw new Fault('the key of a person who is there is missing');
    }
    return dataKeys.open(userId, parseOrThrow(parseKeyRecord, record));
  }

  async function load(
    userId: UserId,
    withPerson: boolean,
    signal: AbortSignal,
  ): Promise<LoadedAccount> {
    const records = await readRecords(userId, signal);
    const events = records.map(({ data }) => decodeEvent(decodeText(data)));
    const state = events.reduce(
      (before, event) => evolve(before, { ...factOf(event), id: event.metadata.id }),
      absentAccount,
    );
    const last = records.at(-1);
    const bytes = records.reduce((sum, { data }) => sum + data.length, 0);
    const timeOf = (eventId: string) =>
      events.find(({ metadata }) => metadata.id === eventId)?.metadata.time;
    const isFull = records.length >= FULL_EVENTS || bytes >= FULL_BYTES;
    if (!withPerson || !('registration' in state))
      return { state, last, isFull, timeOf, person: undefined };
    const key = await openKey(userId, last, signal);
    if (key === undefined) {
      await delay(LAG_BACKOFF.maxMs, signal);
      return load(userId, withPerson, signal);
    }
    return { state, last, isFull, timeOf, person: { key, data: toData(events, key) } };
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
    return evolveData(data, { ...openEvent(event, plaintext), id: metadata.id });
  }, undefined);
}
