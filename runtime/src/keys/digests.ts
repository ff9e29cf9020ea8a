import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { UserId } from '@zameni/contracts';
import type { PepperRing } from './pepper-ring.ts';

/** Keyed digests made with the pepper. Each purpose has a key of its own, derived by HKDF. */
export type Digests = {
  /** The claim of a canonical address: 43 characters of base64url. */
  readonly claimOf: (canonicalAddress: string) => string;
  /**
   * The registration id for a caller's idempotency key: a UUIDv8 (RFC 9562). `caller` includes the
   * kind of registration, so that an attempt and an account never share an id by accident.
   */
  readonly registrationIdOf: (caller: string, idempotencyKey: string) => UserId;
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
  const keyFor = (purpose: string): KeyObject =>
    createSecretKey(
      Buffer.from(hkdfSync('sha256', pepper, Buffer.alloc(0), `zameni ${purpose}`, 32)),
    );
  const idempotencyKey = keyFor('idempotency');
  const fingerprintKey = keyFor('fingerprint');
  const digestBy = (purpose: string) => {
    const key = keyFor(purpose);
    return (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  };
  return {
    claimOf: digestBy('claim'),
    registrationIdOf: (caller, key) =>
      toUuidV8(
        createHmac('sha256', idempotencyKey)
          .update(`${Buffer.byteLength(caller)}\n${caller}\n${key}`)
          .digest(),
      ),
    actorOf: digestBy('actor'),
    clientOf: digestBy('client'),
    fingerprintOf: (registrationId, body) =>
      createHmac('sha256', fingerprintKey).update(`${registrationId}\n${body}`).digest('base64url'),
  };
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
