import { createHmac } from 'node:crypto';
import { deriveKey } from '../keys/derive-key.ts';
import type { Digests } from '../keys/digests.ts';
import { currentKey } from '../keys/key-ring.ts';
import { deriveFromRing, type KeyRingSource } from '../keys/ring-source.ts';

/**
 * The digest of callers for a service that may not have the pepper, with which it could try
 * addresses. Its ids differ from those of the other services, and change with the current key.
 */
export function createActorDigest(ring: Pick<KeyRingSource, 'current'>): Pick<Digests, 'actorOf'> {
  const key = deriveFromRing(ring, (held) => deriveKey(currentKey(held), 'reader'));
  return { actorOf: (caller) => createHmac('sha256', key()).update(caller).digest('base64url') };
}
