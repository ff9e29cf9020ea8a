import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** The key of one purpose, derived by HKDF from a key of a ring. */
export function deriveKey(key: Buffer, purpose: string): KeyObject {
  const derived = hkdfSync('sha256', key, Buffer.alloc(0), `zameni ${purpose}`, 32);
  return createSecretKey(Buffer.from(derived));
}
