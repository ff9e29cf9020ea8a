import { createHmac } from 'node:crypto';
import { deriveKey } from '../keys/derive-key.ts';
import { firstKey, type KeyRing } from '../keys/key-ring.ts';

/**
 * The keyed digest under which the requests of a client are counted, for a service without the
 * pepper. It is made with the first key of the ring, so that a rotation begins no new counts.
 */
export function createClientDigest(ring: KeyRing): (client: string) => string {
  const key = deriveKey(firstKey(ring), 'client of reads');
  return (client) => createHmac('sha256', key).update(client).digest('base64url');
}
