import { randomUUID } from 'node:crypto';
import {
  type AccountEvent,
  type Actor,
  type DeletionRecord,
  encodeEvent,
  encodePersonal,
  eventType,
  FAREWELL_LIFETIME_SECONDS,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  type AttemptKeys,
  attemptTtlSeconds,
  type ClaimPlace,
  type DataKey,
  type DataKeys,
  sealPersonal,
  Fault,
} from '@zameni/runtime';
import type { AttemptChange, ClaimChange, Commit, FarewellChange } from '../domain/decision.ts';
import type { UnguardedMessage } from './group/group.ts';

/** The cause of what is appended: actor, ISO 8601 time in UTC, W3C trace context. */
export type Cause = {
  readonly actor: Actor;
  readonly causationId: string;
  readonly time: string;
  readonly traceparent: string | undefined;
  /** The id of the event of a keyed change. Other events get a random one. */
  readonly eventId?: string;
};

/** A person who may be registered, with the key that is appended together with the event. */
export type NewPerson = {
  readonly userId: UserId;
  readonly key: DataKey;
  readonly keyMessage: UnguardedMessage;
};

/** An event with what its envelope needs; the key is needed where it has personal data. */
export type EventToAppend = {
  readonly userId: UserId;
  readonly event: AccountEvent;
  readonly version: number;
  readonly key: DataKey | undefined;
};

type ClaimPlaces = ReadonlyMap<string, ClaimPlace>;

/** Makes the key of a person who may be registered, and the message of its record. */
export function toNewPerson(dataKeys: DataKeys, userId: UserId): NewPerson {
  const { key, record } = dataKeys.create(userId);
  const keyMessage = { subject: subjects.key(userId), data: JSON.stringify(record) };
  return { userId, key, keyMessage };
}

/**
 * The message of an event, its personal data encrypted under the person's key. Throws where the
 * event has personal data and no key was given, which is a bug.
 */
export function toEventMessage(toAppend: EventToAppend, cause: Cause): UnguardedMessage {
  const { userId, event, version } = toAppend;
  const { actor, causationId, time, traceparent, eventId: id = randomUUID() } = cause;
  const metadata = { id, userId, time, causationId, actor, accountVersion: version };
  return {
    subject: subjects.account(userId),
    data: encodeEvent(metadata, event, toCiphertext(toAppend, id)),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** The messages of a claim's new last record: two while the pepper is being rotated. */
export function toClaimMessages(change: ClaimChange, places: ClaimPlaces): UnguardedMessage[] {
  const data = JSON.stringify(change.record);
  return subjectsOf(change, places).map((subject) => ({ subject, data }));
}

/** Whether a change reserves a former address, so that its record ends by itself. */
export function isReserved({ record }: ClaimChange): boolean {
  return record.state === 'held' && record.until !== undefined;
}

/** The messages of a claim that is reserved. The log drops them after its instant. */
export function toReservedMessages(
  change: ClaimChange,
  places: ClaimPlaces,
  time: string,
): UnguardedMessage[] {
  const until = 'until' in change.record ? (change.record.until ?? time) : time;
  const ttlSeconds = attemptTtlSeconds(time, until);
  return toClaimMessages(change, places).map((message) => ({ ...message, ttlSeconds }));
}

/** The message that closes an attempt; it stays as long as the attempt would have. */
export function toAttemptMessage({ id, record }: AttemptChange, time: string): UnguardedMessage {
  const ttlSeconds = attemptTtlSeconds(time, record.expiresAt);
  return { subject: subjects.attempt(id), data: JSON.stringify(record), ttlSeconds };
}

/** Seals farewells. */
export type FarewellKeys = Pick<AttemptKeys, 'sealFarewell'>;

/**
 * The message of a farewell. Empty if there is no key of the day to seal it with: the person is
 * erased without a mail.
 */
export function toFarewellMessages(
  { userId, request, email, locale }: FarewellChange,
  keys: FarewellKeys,
  time: string,
): UnguardedMessage[] {
  // A batch may write a subject once only, so a former address has one of its own.
  const id = request ?? userId;
  const farewell = { time, locale, ...(request === undefined ? {} : { userId }) };
  const record = keys.sealFarewell(id, farewell, email);
  if (record === undefined) return [];
  const subject = subjects.farewell(id);
  return [{ subject, data: JSON.stringify(record), ttlSeconds: FAREWELL_LIFETIME_SECONDS }];
}

/** The changes of a commit that may leave something to be deleted. */
export type Leaving = Pick<Commit, 'accounts' | 'claims'> & {
  readonly attempts: readonly Pick<AttemptChange, 'id' | 'upTo'>[];
};

/** The deletion record of a commit; empty when it leaves nothing to be deleted from the log. */
export function toDeletionMessages(
  { accounts, claims, attempts }: Leaving,
  places: ClaimPlaces,
): UnguardedMessage[] {
  const released = claims.filter(
    (change) => change.record.state === 'released' || isReserved(change),
  );
  const record: DeletionRecord = {
    claims: released
      .flatMap((change) => subjectsOf(change, places))
      .map((subject) => subject.slice(subjects.claim('').length)),
    people: accounts.flatMap(({ userId, event }) => (event.name === 'erased' ? [userId] : [])),
    attempts: attempts.map(({ id, upTo }) => ({ id, upTo })),
    addresses: released.flatMap(({ claim, record }) =>
      record.state === 'released' && record.by === 'erasure' ? [claim] : [],
    ),
  };
  if (Object.values(record).every((list) => list.length === 0)) return [];
  // No other commit writes its subject, so its guard always holds.
  return [{ subject: subjects.deletion(randomUUID()), data: JSON.stringify(record) }];
}

function subjectsOf({ claim, record }: ClaimChange, places: ClaimPlaces): readonly string[] {
  const place = places.get(claim);
  if (place === undefined) throw new Fault('a claim was changed that was not read');
  return place.writesOf(record);
}

function toCiphertext({ userId, event, key }: EventToAppend, eventId: string): string | null {
  const plaintext = encodePersonal(event);
  if (plaintext === null) return null;
  if (key === undefined) throw new Fault(`${event.name} needs the person's key`);
  return sealPersonal(key, { eventId, type: eventType(event.name), userId }, plaintext);
}
