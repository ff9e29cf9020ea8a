import { createSecretKey, type KeyObject } from 'node:crypto';
import type { KeyRecord } from '@zameni/contracts';
import { seal, unseal } from './aes-gcm.ts';
import { drawBytes } from '../process/random-pool.ts';
import { deriveFromRing, type KeyRingSource, toKeyRingSource } from './ring-source.ts';
import { currentKey, type KeyRing } from './key-ring.ts';
import { Fault } from '../errors.ts';

/**
 * The 256-bit key of one person, held in memory only. It is a KeyObject even for a single use: in
 * Node 24 a cipher from bytes takes three times as long (20 µs, against 6 µs including the creation
 * of the KeyObject).
 */
export type DataKey = KeyObject;

/** The context of a ciphertext, which opens for no other event, type or person. */
type PersonalBinding = {
  readonly eventId: string;
  readonly type: string;
  readonly userId: string;
};

/** Creates and opens people's data keys under the key-encryption keys of a ring. */
export type DataKeys = {
  readonly create: (userId: string) => { readonly key: DataKey; readonly record: KeyRecord };
  /** Throws if the record was not wrapped for this person by a key of the ring. */
  readonly open: (userId: string, record: KeyRecord) => DataKey;
  /**
   * Wraps the same data key by the current key. Returns the record itself if it already is. Throws
   * as `open`.
   */
  readonly rewrap: (userId: string, record: KeyRecord) => KeyRecord;
};

const KEY_BYTES = 32;

/** Wraps data keys by AES-256-GCM under the current key-encryption key, bound to the user id. */
export function createDataKeys(ring: KeyRing | KeyRingSource): DataKeys {
  const source = toKeyRingSource(ring);
  const keks = deriveFromRing(source, (ring) => ({
    id: ring.current,
    current: createSecretKey(currentKey(ring)),
    all: new Map([...ring.keys].map(([id, key]) => [id, createSecretKey(key)])),
  }));
  const wrap = (userId: string, raw: Buffer, version: number): KeyRecord => {
    const { id, current } = keks();
    return { kek: id, version, wrapped: seal(current, toWrapBinding(userId, id), raw) };
  };
  const unwrap = (userId: string, { kek, wrapped }: KeyRecord): Buffer => {
    // Looking up an unknown key makes the ring read its file again, which may have a new key.
    const key = source.find(kek) && keks().all.get(kek);
    if (key === undefined) throw new Fault(`the key ring lacks key-encryption key ${kek}`);
    return unseal(key, toWrapBinding(userId, kek), wrapped);
  };
  return {
    create: (userId) => {
      const raw = drawBytes(KEY_BYTES);
      return { record: wrap(userId, raw, 1), key: createSecretKey(raw) };
    },
    open: (userId, record) => createSecretKey(unwrap(userId, record)),
    rewrap: (userId, record) => {
      if (record.kek === keks().id) return record;
      // Fields of a later version stay.
      return { ...record, ...wrap(userId, unwrap(userId, record), record.version + 1) };
    },
  };
}

function toWrapBinding(userId: string, kek: string): Buffer {
  return Buffer.from(`${kek}\n${userId}`);
}

/** Encrypts the personal data of one event: base64 of nonce, ciphertext and tag. */
export function sealPersonal(key: DataKey, binding: PersonalBinding, plaintext: string): string {
  return seal(key, toBytes(binding), Buffer.from(plaintext));
}

/** Decrypts the output of sealPersonal. Throws for another event, type or person. */
export function openPersonal(key: DataKey, binding: PersonalBinding, sealed: string): string {
  return unseal(key, toBytes(binding), sealed).toString('utf8');
}

function toBytes({ eventId, type, userId }: PersonalBinding): Buffer {
  return Buffer.from(`${eventId}\n${type}\n${userId}`);
}
