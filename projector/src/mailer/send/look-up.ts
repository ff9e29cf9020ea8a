import {
  type ClaimRecord,
  decodeEvent,
  decodeText,
  factOf,
  FAREWELL_LIFETIME_SECONDS,
  parseAttemptRecord,
  parseClaimRecord,
  parseFarewell,
  parseKeyRecord,
  parseOrThrow,
  parseUserId,
  type StoredEvent,
  subjects,
} from '@zameni/contracts';
import {
  type AttemptKeys,
  type ClaimLayout,
  type DataKeys,
  delay,
  type EventLog,
  type LogRecord,
} from '@zameni/runtime';
import type { Message } from '../ledger/message.ts';
import { type MailPerson, toMailAccount, toMailPerson } from './account.ts';
import type { OpenAttempts } from './attempts-on-mailbox.ts';
import type { Facts, LiveAttempt, OpenFarewell, Placed } from './decide.ts';

/** Where facts are looked up. */
export type LookUpDeps = {
  readonly log: Pick<EventLog, 'readSubject' | 'readLastFromLeader'>;
  readonly attempts: OpenAttempts;
  readonly attemptKeys: AttemptKeys;
  readonly dataKeys: DataKeys;
  readonly claims: () => ClaimLayout;
  readonly now: () => Date;
};

/** What the log says about a message, and the person it is for. */
export type LookedUp = Facts & {
  /** Opens the personal data of the account. Undefined if the person is erased. */
  readonly openPerson: (signal: AbortSignal) => Promise<MailPerson | undefined>;
};

/** Milliseconds between reads of a replica that lags behind the leader. */
const LAG_MS = 50;

/**
 * Looks up what a mail depends on, from the leader of the log: an older state could mail a person
 * who was erased since. Rejects if the log cannot be read.
 */
export async function lookUp(
  deps: LookUpDeps,
  message: Message,
  signal: AbortSignal,
): Promise<LookedUp> {
  const { cause, attemptId, mailbox, userId, position } = message;
  if (cause === 'attempt' && attemptId !== null) {
    const attempt = await readAttempt(deps, attemptId, position, signal);
    return { ...(await lookUpMailbox(deps, attempt?.record.claim, signal)), attempt };
  }
  if (cause === 'mail-wish' && mailbox !== null) {
    const open = await deps.attempts.findNewest(mailbox, position);
    const attempt = open && (await readAttempt(deps, open.id, open.position, signal));
    return { ...(await lookUpMailbox(deps, mailbox, signal)), attempt };
  }
  if (userId === null) return { openPerson: async () => undefined };
  if (cause === 'farewell') {
    const farewell = await readFarewell(deps, userId, position, signal);
    return { farewell, openPerson: async () => undefined };
  }
  const { events, facts } = await lookUpAccount(deps, userId, signal, message);
  const eventId = events.find((event) => event.position === position)?.stored.metadata.id;
  return { ...facts, eventId };
}

/** The attempt at a position, if it can be proven. A later one with its id has its own mail. */
async function readAttempt(
  { log, attemptKeys, now }: LookUpDeps,
  attemptId: string,
  position: number,
  signal: AbortSignal,
): Promise<LiveAttempt | undefined> {
  const last = await log.readLastFromLeader(subjects.attempt(attemptId), signal);
  if (last === undefined || last.position !== position) return undefined;
  const record = parseOrThrow(parseAttemptRecord, last);
  if (record.state !== 'open' || Date.parse(record.expiresAt) <= now().getTime()) return undefined;
  const id = parseUserId(attemptId);
  const data = id && attemptKeys.open(id, record)?.data;
  return data && { id: attemptId, record, position, data };
}

/**
 * The farewell at a position, until its time is over. A server may show it a little longer. Its subject
 * names the person, or a change of theirs.
 */
async function readFarewell(
  deps: LookUpDeps,
  userId: string,
  position: number,
  signal: AbortSignal,
): Promise<OpenFarewell | undefined> {
  const { log, attemptKeys, now } = deps;
  for await (const id of idsOfFarewells(deps, userId, signal)) {
    const last = await log.readLastFromLeader(subjects.farewell(id), signal);
    if (last === undefined || last.position !== position) continue;
    const record = parseOrThrow(parseFarewell, last);
    const endsAt = Date.parse(record.time) + FAREWELL_LIFETIME_SECONDS * 1_000;
    if (endsAt <= now().getTime()) return undefined;
    const email = attemptKeys.openFarewell(id, record);
    return email === undefined ? undefined : { email, locale: record.locale };
  }
  return undefined;
}

/**
 * The ids that farewells to a person may have: theirs, and those of their changes, newest first. Two
 * addresses may have been changed for each other many times since, so none is left out.
 */
async function* idsOfFarewells(
  deps: LookUpDeps,
  userId: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield userId;
  const events = await readAccount(deps, userId, signal);
  const changes = events.flatMap(({ stored }) => {
    const fact = factOf(stored);
    return fact.name === 'email-changed' && fact.data.undoUntil !== undefined
      ? [fact.data.request]
      : [];
  });
  yield* changes.toReversed();
}

/** The claim on a mailbox, and the account that holds it. */
async function lookUpMailbox(
  deps: LookUpDeps,
  mailbox: string | undefined,
  signal: AbortSignal,
): Promise<LookedUp> {
  if (mailbox === undefined) return { openPerson: async () => undefined };
  const { believed } = deps.claims().placeOf(mailbox);
  const last = await deps.log.readLastFromLeader(believed, signal);
  if (last === undefined) return { openPerson: async () => undefined };
  const record: ClaimRecord = parseOrThrow(parseClaimRecord, last);
  const claim: Placed<ClaimRecord> = { record, position: last.position };
  if (record.state !== 'held') return { claim, openPerson: async () => undefined };
  return { ...(await lookUpAccount(deps, record.userId, signal)).facts, claim };
}

type PlacedEvent = { readonly stored: StoredEvent; readonly position: number };

async function lookUpAccount(
  deps: LookUpDeps,
  userId: string,
  signal: AbortSignal,
  message?: Message,
): Promise<{ readonly events: readonly PlacedEvent[]; readonly facts: LookedUp }> {
  const events = await readAccount(deps, userId, signal, message);
  const stored = events.map((event) => event.stored);
  const state = toMailAccount(stored);
  const facts: LookedUp = {
    account: state && { id: userId, state },
    openPerson: async (end) => {
      const record = await deps.log.readLastFromLeader(subjects.key(userId), end);
      if (record === undefined) return undefined;
      return toMailPerson(stored, deps.dataKeys.open(userId, parseOrThrow(parseKeyRecord, record)));
    },
  };
  return { events, facts };
}

/**
 * Reads all events of an account. A replica that is behind the leader is asked again; none is asked if
 * the newest event is the registration that asks for the mail.
 */
async function readAccount(
  { log }: LookUpDeps,
  userId: string,
  signal: AbortSignal,
  message?: Message,
): Promise<readonly PlacedEvent[]> {
  const subject = subjects.account(userId);
  const newest = await log.readLastFromLeader(subject, signal);
  if (newest === undefined) return [];
  if (message?.cause === 'registered' && newest.position === message.position) {
    return [toPlacedEvent(newest)];
  }
  for (;;) {
    const records = await log.readSubject(subject, signal);
    if ((records.at(-1)?.position ?? 0) >= newest.position) return records.map(toPlacedEvent);
    await delay(LAG_MS, signal);
  }
}

function toPlacedEvent({ data, position }: LogRecord): PlacedEvent {
  return { stored: decodeEvent(decodeText(data)), position };
}
