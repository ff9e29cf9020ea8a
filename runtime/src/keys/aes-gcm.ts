import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { drawBytes } from '../process/random-pool.ts';
import { Fault } from '../errors.ts';

// NIST SP 800-38D: 96-bit random nonces, 128-bit tags, at most 2^32 plaintexts per key.
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts a plaintext and binds it to other data. Returns base64 of nonce, ciphertext and tag. */
export function seal(key: KeyObject, binding: Buffer, plaintext: Buffer): string {
  const nonce = drawBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(binding);
  const body = Buffer.concat([
    nonce,
    cipher.update(plaintext),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return body.toString('base64');
}

/** Decrypts the output of `seal`. Throws if key, binding or bytes differ. */
export function unseal(key: KeyObject, binding: Buffer, sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Fault('sealed data is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(binding)
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([
    decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
    decipher.final(),
  ]);
}
