import { createHmac, type KeyObject } from 'node:crypto';
import type { UserId } from '@zameni/contracts';
import { deriveKey } from './derive-key.ts';
import { currentKey, firstKey, type KeyRing } from './key-ring.ts';
import { deriveFromRing, type KeyRingSource, toKeyRingSource } from './ring-source.ts';

/** Makes ids of registrations that carry a check, and knows them again. */
export type RegistrationIds = {
  /** The id for random bits in the form of an id, with the current key. */
  readonly fromRandom: (random: UserId) => UserId;
  /** The id for a digest that is itself an id: the same one for the same digest, for ever. */
  readonly fromDigest: (digest: UserId) => UserId;
  /** Whether an id was made here. Of others one in 2^32 is taken for such, for each key of the ring. */
  readonly isOurs: (id: UserId) => boolean;
};

/** Digits of an id that its check covers, with the dashes between them. */
const COVERED = 28;

/**
 * Bytes of the check. The rest of a UUIDv7 has 42 random bits for each millisecond, and that of a
 * digest 90 bits.
 */
const CHECK_BYTES = 4;

/**
 * The last 32 bits of an id are a message authentication code of the rest, so that ids that somebody
 * made up are known without any store. An id authorises nothing, with or without the check.
 *
 * New ids are made with the current key of the ring. Those of a digest are made with its first key,
 * because a retry must find the same id after a rotation. Ids stay for ever, and so do the keys that
 * check them.
 */
export function createRegistrationIds(ring: KeyRing | KeyRingSource): RegistrationIds {
  const keys = deriveFromRing(toKeyRingSource(ring), toKeys);
  return {
    fromRandom: (random) => toId(random, keys().current),
    fromDigest: (digest) => toId(digest, keys().first),
    isOurs: (id) => keys().all.some((key) => toId(id, key) === id),
  };
}

function toKeys(ring: KeyRing) {
  const derive = (key: Buffer) => deriveKey(key, 'registration id');
  return {
    all: [...ring.keys.values()].map(derive),
    current: derive(currentKey(ring)),
    first: derive(firstKey(ring)),
  };
}

/** An id with the check of a key in place of its last digits. */
function toId(id: string, key: KeyObject): UserId {
  const covered = id.slice(0, COVERED);
  const check = createHmac('sha256', key).update(covered).digest().subarray(0, CHECK_BYTES);
  // Has the form of a user id: version and variant are in the part that is kept.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return `${covered}${check.toString('hex')}` as UserId;
}
