import { randomUUID } from 'node:crypto';
import {
  type AccountEvent,
  type Actor,
  type DeletionRecord,
  encodeEvent,
  encodePersonal,
  eventType,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  attemptTtlSeconds,
  type ClaimPlace,
  type DataKey,
  type LogMessage,
  sealPersonal,
} from '@zameni/runtime';
import type { AttemptChange, ClaimChange, Commit } from '../domain/decision.ts';

/** Who caused what is appended, when, and in which trace. */
export type Cause = {
  readonly actor: Actor;
  readonly causationId: string;
  readonly time: string;
  readonly traceparent: string | undefined;
};

/** An event with what its envelope needs; the key is needed where it has personal data. */
export type EventToAppend = {
  readonly userId: UserId;
  readonly event: AccountEvent;
  readonly version: number;
  readonly key: DataKey | undefined;
};

type Message = Omit<LogMessage, 'expectedPosition'>;
type ClaimPlaces = ReadonlyMap<string, ClaimPlace>;

/** The message of an event, its personal data encrypted under the person's key. */
export function toEventMessage(toAppend: EventToAppend, cause: Cause): Message {
  const { userId, event, version } = toAppend;
  const { actor, causationId, time, traceparent } = cause;
  const id = randomUUID();
  const metadata = { id, userId, time, causationId, actor, accountVersion: version };
  return {
    subject: subjects.account(userId),
    data: encodeEvent(metadata, event, toCiphertext(toAppend, id)),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** The messages of a claim's new last record: two while the pepper is being rotated. */
export function toClaimMessages(change: ClaimChange, places: ClaimPlaces): Message[] {
  const data = JSON.stringify(change.record);
  return subjectsOf(change, places).map((subject) => ({ subject, data }));
}

/** The message that closes an attempt; it stays as long as the attempt would have. */
export function toAttemptMessage({ id, record }: AttemptChange, time: string): Message {
  const ttlSeconds = attemptTtlSeconds(time, record.expiresAt);
  return { subject: subjects.attempt(id), data: JSON.stringify(record), ttlSeconds };
}

/** What a commit changes, as far as it leaves something to be deleted. */
export type Leaving = Pick<Commit, 'accounts' | 'claims'> & {
  readonly attempts: readonly Pick<AttemptChange, 'id' | 'upTo'>[];
};

/** The deletion record of a commit; none when it leaves nothing to be deleted from the log. */
export function toDeletionMessages(
  { accounts, claims, attempts }: Leaving,
  places: ClaimPlaces,
): Message[] {
  const released = claims.filter(({ record: { state } }) => state === 'released');
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
  // Its subject is its own, so nobody else can have written it.
  return [{ subject: subjects.deletion(randomUUID()), data: JSON.stringify(record) }];
}

function subjectsOf({ claim, record }: ClaimChange, places: ClaimPlaces): readonly string[] {
  const place = places.get(claim);
  if (place === undefined) throw new Error('a claim was changed that was not read');
  return place.writesOf(record);
}

function toCiphertext({ userId, event, key }: EventToAppend, eventId: string): string | null {
  const plaintext = encodePersonal(event);
  if (plaintext === null) return null;
  if (key === undefined) throw new Error(`${event.name} needs the person's key`);
  return sealPersonal(key, { eventId, type: eventType(event.name), userId }, plaintext);
}
