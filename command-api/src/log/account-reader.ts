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
  /** The ids of all events. */
  readonly eventIds: readonly string[];
  /** The person's key and data. Undefined if not requested, or if the account has no person. */
  readonly person: { readonly key: DataKey; readonly data: PersonData | undefined } | undefined;
};

/** Dependencies of loading accounts. */
export type AccountLogDeps = { readonly log: EventLog; readonly dataKeys: DataKeys };

/** How to load an account. */
export type AccountOptions = {
  /** Whether to open the person's data too. */
  readonly withPerson: boolean;
  /** Whether to ask the leader for the newest events, after an answer that was old. */
  readonly isFromLeader?: boolean;
};

/** Loads an account. */
export type LoadAccount = (
  userId: UserId,
  options: AccountOptions,
  signal: AbortSignal,
) => Promise<LoadedAccount>;

/**
 * Bounds of one account, in events and bytes. A full account accepts no change that can be repeated
 * at will, but always erasure, deactivation and proof. So it stays below 10,000 records and 32 MiB,
 * which the log reads of one subject at most.
 */
const FULL_EVENTS = 1_000;
const FULL_BYTES = 4 * 1024 * 1024;

/** Milliseconds until an account is loaded again whose key was deleted meanwhile. */
const RELOAD_MS = 100;

/**
 * Reads an account's events from any replica and folds them. They may be stale; the guards of the
 * append detect that. If there are none, the leader is asked for the missing ones: the worse failure
 * is to report "not found" for an account that the replica does not have yet.
 */
export function createLoadAccount({ log, dataKeys }: AccountLogDeps): LoadAccount {
  async function readRecords(
    userId: UserId,
    isFromLeader: boolean,
    signal: AbortSignal,
  ): Promise<readonly LogRecord[]> {
    const subject = subjects.account(userId);
    const records = [...(await log.readSubject(subject, signal))];
    if (records.length > 0 && !isFromLeader) return records;
    const last = await log.readLastFromLeader(subject, signal);
    while ((records.at(-1)?.position ?? 0) < (last?.position ?? 0)) {
      const next = await log.readFirst(subject, signal, records.at(-1)?.position ?? 0);
      if (next === undefined) throw new Fault('the leader lacks an event that it had');
      records.push(next);
    }
    return records;
  }

  /**
   * Opens the person's key. Any replica may have it. The leader is asked if that has none, or one
   * that no key opens any more, because it was wrapped again. Returns undefined if the account has
   * a newer record than `last`, because the person may be erased. Otherwise a missing key is a
   * fault, which may pass.
   */
  async function openKey(
    userId: UserId,
    last: LogRecord | undefined,
    signal: AbortSignal,
  ): Promise<DataKey | undefined> {
    const subject = subjects.key(userId);
    const near = (await log.readLast([subject], signal)).get(subject);
    const opened = near === undefined ? undefined : tryToOpen(userId, near);
    if (opened !== undefined) return opened;
    const record = await log.readLastFromLeader(subject, signal);
    if (record === undefined) {
      const newest = await log.readLastFromLeader(subjects.account(userId), signal);
      if (newest?.position !== last?.position) return undefined;
      throw new Fault('the key of a person who is there is missing');
    }
    return dataKeys.open(userId, parseOrThrow(parseKeyRecord, record));
  }

  function tryToOpen(userId: UserId, record: LogRecord): DataKey | undefined {
    try {
      return dataKeys.open(userId, parseOrThrow(parseKeyRecord, record));
    } catch {
      // The leader decides.
      return undefined;
    }
  }

  async function load(
    userId: UserId,
    options: AccountOptions,
    signal: AbortSignal,
  ): Promise<LoadedAccount> {
    const { withPerson, isFromLeader = false } = options;
    const records = await readRecords(userId, isFromLeader, signal);
    const events = records.map(({ data }) => decodeEvent(decodeText(data)));
    const state = events.reduce(
      (before, event) => evolve(before, { ...factOf(event), id: event.metadata.id }),
      absentAccount,
    );
    const last = records.at(-1);
    const bytes = records.reduce((sum, { data }) => sum + data.length, 0);
    const timeOf = (eventId: string) =>
      events.find(({ metadata }) => metadata.id === eventId)?.metadata.time;
    const eventIds = events.map(({ metadata }) => metadata.id);
    const isFull = records.length >= FULL_EVENTS || bytes >= FULL_BYTES;
    if (!withPerson || !('registration' in state))
      return { state, last, isFull, timeOf, eventIds, person: undefined };
    const key = await openKey(userId, last, signal);
    if (key === undefined) {
      await delay(RELOAD_MS, signal);
      return load(userId, { ...options, isFromLeader: true }, signal);
    }
    const person = { key, data: toData(events, key) };
    return { state, last, isFull, timeOf, eventIds, person };
  }

  return async (userId, options, signal) => {
    try {
      return await load(userId, options, signal);
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
