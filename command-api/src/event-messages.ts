import { randomUUID } from 'node:crypto';
import {
  type AccountEvent,
  type Actor,
  encodeEvent,
  encodePersonal,
  eventType,
  type ForgetRecord,
  isEnding,
  REFUSAL_LIFETIME_DAYS,
  subjects,
  type UserId,
} from '@zameni/contracts';
import { type ClaimPlace, type DataKey, type LogMessage, sealPersonal } from '@zameni/runtime';
import type { AccountChange, ClaimChange } from './decision.ts';

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

const REFUSAL_LIFETIME_SECONDS = REFUSAL_LIFETIME_DAYS * 24 * 60 * 60;
/** A wish on an account that nobody has: nothing rests on it, and strangers may make many. */
const DECOY_LIFETIME_SECONDS = 60 * 60;

/** The message of an event, its personal data encrypted under the person's key. */
export function toEventMessage(toAppend: EventToAppend, cause: Cause): Message {
  const { userId, event, version } = toAppend;
  const { actor, causationId, time, traceparent } = cause;
  const id = randomUUID();
  const metadata = { id, userId, time, causationId, actor, accountVersion: version };
  return {
    subject: subjects.account(userId),
    data: encodeEvent(metadata, event, toCiphertext(toAppend, id)),
    ...toLifetime(toAppend),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** The messages of a claim's new last record: two while the pepper is being rotated. */
export function toClaimMessages(change: ClaimChange, places: ClaimPlaces): Message[] {
  const data = JSON.stringify(change.record);
  return subjectsOf(change, places).map((subject) => ({ subject, data }));
}

/** The forget record of a commit; none when it leaves nothing to be deleted from the log. */
export function toForgetMessages(
  accounts: readonly AccountChange[],
  claims: readonly ClaimChange[],
  places: ClaimPlaces,
): Message[] {
  const record: ForgetRecord = {
    claims: claims
      .filter(({ record: { state } }) => state === 'released')
      .flatMap((change) => subjectsOf(change, places))
      .map((subject) => subject.slice(subjects.claim('').length)),
    people: accounts.flatMap(({ userId, event: { name } }) =>
      isEnding(name) ? [{ userId, why: name }] : [],
    ),
  };
  if (record.claims.length + record.people.length === 0) return [];
  // Its subject is its own, so nobody else can have written it.
  return [{ subject: subjects.forget(randomUUID()), data: JSON.stringify(record) }];
}

function subjectsOf({ claim, record }: ClaimChange, places: ClaimPlaces): readonly string[] {
  const place = places.get(claim);
  if (place === undefined) throw new Error('a claim was changed that was not read');
  return place.writesOf(record);
}

/** A first event that begins no person expires, or strangers' wishes would fill the log. */
function toLifetime({ event, version }: EventToAppend): { readonly ttlSeconds?: number } {
  if (version > 1 || event.name === 'registered') return {};
  const isRefusal = event.name === 'registration-refused';
  return { ttlSeconds: isRefusal ? REFUSAL_LIFETIME_SECONDS : DECOY_LIFETIME_SECONDS };
}

function toCiphertext({ userId, event, key }: EventToAppend, eventId: string): string | null {
  const plaintext = encodePersonal(event);
  if (plaintext === null) return null;
  if (key === undefined) throw new Error(`${event.name} needs the person's key`);
  return sealPersonal(key, { eventId, type: eventType(event.name), userId }, plaintext);
}
