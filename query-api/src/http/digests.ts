import { createHmac } from 'node:crypto';
import {
  currentKey,
  deriveFromRing,
  deriveKey,
  type Digests,
  firstKey,
  type KeyRing,
  type KeyRingSource,
} from '@zameni/runtime';

/**
 * The digest of callers for a service that may not have the pepper, with which it could try
 * addresses. Its ids differ from those of the other services, and begin anew with another current
 * key.
 */
export function createActorDigest(ring: Pick<KeyRingSource, 'current'>): Pick<Digests, 'actorOf'> {
  const key = deriveFromRing(ring, (current) => deriveKey(currentKey(current), 'reader'));
  return {
    actorOf: (caller) => createHmac('sha256', key()).update(caller).digest('base64url'),
  };
}

/**
 * The keyed digest under which the requests of a client are counted, for a service without the
 * pepper. It is made with the first key of the ring, so that a rotation begins no new counts.
 */
export function createClientDigest(ring: KeyRing): (client: string) => string {
  const key = deriveKey(firstKey(ring), 'client of reads');
  return (client) => createHmac('sha256', key).update(client).digest('base64url');
}
