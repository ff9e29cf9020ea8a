import { createHmac } from 'node:crypto';
import type { UserId } from '@zameni/contracts';
import { deriveKey } from './derive-key.ts';
import type { PepperRing } from './pepper-ring.ts';

/** Keyed digests made with the pepper. Each purpose has a key of its own, derived by HKDF. */
export type Digests = {
  /** The claim of a canonical address: 43 characters of base64url. */
  readonly claimOf: (canonicalAddress: string) => string;
  /**
   * The digest of a caller's idempotency key: a UUIDv8 (RFC 9562), of which the id of a registration
   * is made (`RegistrationIds.fromDigest`). `caller` includes the kind of registration, so that an
   * attempt and an account never share an id by accident.
   */
  readonly registrationDigestOf: (caller: string, idempotencyKey: string) => UserId;
  /**
   * The id of the event that a keyed change of a person makes: a UUIDv8. Its first half names the
   * caller and the key (`changeKeyOf`), and the second one the body too, so that a key with another
   * body is recognised.
   */
  readonly changeIdOf: (caller: string, idempotencyKey: string, canonicalBody: string) => string;
  /** The log's id for a caller whose subject is not a user id: 43 characters. */
  readonly actorOf: (caller: string) => string;
  /** The key under which the requests of one client are counted. */
  readonly clientOf: (client: string) => string;
  /** The fingerprint of a request, salted by its registration so that equal requests differ. */
  readonly fingerprintOf: (registrationId: UserId, canonicalBody: string) => string;
};

/**
 * Digests under the first pepper of a ring. They are permanent names (a claim in events, the
 * registration of an idempotency key), so a rotation does not change them. A rotation changes only
 * the subjects of claims in the log, see `toClaimLayout`.
 */
export function createDigests(ring: Pick<PepperRing, 'current' | 'keys' | 'layers'>): Digests {
  const [first = ring.current] = ring.layers;
  const pepper = ring.keys.get(first);
  if (pepper === undefined) throw new RangeError('a ring of peppers has its first layer');
  const keyFor = (purpose: string) => deriveKey(pepper, purpose);
  const idempotencyKey = keyFor('idempotency');
  const fingerprintKey = keyFor('fingerprint');
  const changeKey = keyFor('change');
  const digestBy = (purpose: string) => {
    const key = keyFor(purpose);
    return (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  };
  return {
    claimOf: digestBy('claim'),
    registrationDigestOf: (caller, key) =>
      toUuidV8(
        createHmac('sha256', idempotencyKey)
          .update(`${Buffer.byteLength(caller)}\n${caller}\n${key}`)
          .digest(),
      ),
    changeIdOf: (caller, key, body) => {
      const named = `${Buffer.byteLength(caller)}\n${caller}\n${Buffer.byteLength(key)}\n${key}`;
      const half = (text: string) =>
        createHmac('sha256', changeKey).update(text).digest().subarray(0, 8);
      return toUuidV8(Buffer.concat([half(named), half(`${named}\n${body}`)]));
    },
    actorOf: digestBy('actor'),
    clientOf: digestBy('client'),
    fingerprintOf: (registrationId, body) =>
      createHmac('sha256', fingerprintKey).update(`${registrationId}\n${body}`).digest('base64url'),
  };
}

/** The half of the id of an event that names the caller and the key of a change. */
export function changeKeyOf(eventId: string): string {
  return eventId.slice(0, 18);
}

function toUuidV8(digest: Buffer): UserId {
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  // Has the form of a user id.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return `${groups.join('-')}-${hex.slice(20)}` as UserId;
}
