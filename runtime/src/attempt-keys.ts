import { createSecretKey } from 'node:crypto';
import { AttemptData, type OpenAttempt } from '@zameni/contracts';
import { Compile } from 'typebox/compile';
import { seal, unseal } from './aes-gcm.ts';
import { dayOf } from './attempt-key-days.ts';
import { AppError } from './errors.ts';
import { deriveFromRing, type KeyRingSource, toKeyRingSource } from './key-ring-source.ts';
import type { KeyRing } from './secrets.ts';

/** An attempt before its data is sealed. */
export type UnsealedAttempt = Omit<OpenAttempt, 'key' | 'sealed'>;

/** Seals and opens the data of attempts under a key for each day. */
export type AttemptKeys = {
  /** Throws `service-unavailable` when the ring has no key for the day of the attempt. */
  readonly seal: (id: string, attempt: UnsealedAttempt, data: AttemptData) => OpenAttempt;
  /** Undefined once the key of the day is destroyed; throws when the record is not what was sealed. */
  readonly open: (id: string, attempt: OpenAttempt) => AttemptData | undefined;
};

const dataCheck = Compile(AttemptData);

/**
 * Attempts are sealed by AES-256-GCM, bound to id, claim, instants and key. One key a day is cheaper
 * than one an attempt, and its destruction ends all attempts of the day wherever copies of them are:
 * in files of servers that were away, Raft logs or backups. At 2^32 seals a key (NIST SP 800-38D) the
 * bound is 49,000 attempts a second.
 */
export function createAttemptKeys(ring: KeyRing | KeyRingSource): AttemptKeys {
  const source = toKeyRingSource(ring);
  const keys = deriveFromRing(
    source,
    ({ keys }) => new Map([...keys].map(([day, key]) => [day, createSecretKey(key)])),
  );
  const keyOf = (day: string) => {
    // To look for it makes the ring look into its file, where a new key may be.
    const isKnown = source.find(day) !== undefined;
    return isKnown ? keys().get(day) : undefined;
  };
  return {
    seal: (id, attempt, data) => {
      const day = dayOf(Date.parse(attempt.time));
      const key = keyOf(day);
      if (key === undefined) {
        const cause = new Error(
          `the ring of attempt keys has none for ${day}: run zameni keys tend`,
        );
        throw new AppError('service-unavailable', { cause, retryAfterSeconds: 60 });
      }
      const plaintext = Buffer.from(JSON.stringify(data));
      return { ...attempt, key: day, sealed: seal(key, bindingOf(id, day, attempt), plaintext) };
    },
    open: (id, attempt) => {
      const key = keyOf(attempt.key);
      if (key === undefined) return undefined;
      const binding = bindingOf(id, attempt.key, attempt);
      const value: unknown = JSON.parse(unseal(key, binding, attempt.sealed).toString('utf8'));
      if (!dataCheck.Check(value)) throw new Error('the data of an attempt is not of our form');
      return value;
    },
  };
}

function bindingOf(id: string, day: string, { claim, time, expiresAt }: UnsealedAttempt): Buffer {
  return Buffer.from(`${id}\n${day}\n${claim}\n${time}\n${expiresAt}`);
}
