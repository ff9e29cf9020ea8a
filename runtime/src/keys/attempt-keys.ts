import { createSecretKey } from 'node:crypto';
import { AttemptData, type OpenAttempt, type VoidAttempt } from '@zameni/contracts';
import { Compile } from 'typebox/compile';
import { AppError } from '../errors.ts';
import { seal, unseal } from './aes-gcm.ts';
import { dayOf } from './attempt-key-days.ts';
import { deriveFromRing, type KeyRingSource, toKeyRingSource } from './ring-source.ts';
import type { KeyRing } from './secrets.ts';

/** An attempt before its data is sealed. */
export type UnsealedAttempt = Omit<OpenAttempt, 'key' | 'sealed' | 'retry'>;

/** What is sealed of an attempt: what was asked for, and the fingerprint of the request. */
export type AttemptSecrets = { readonly data: AttemptData; readonly fingerprint: string };

/** Seals and opens attempts under a key for each day. */
export type AttemptKeys = {
  /** Throws `service-unavailable` when the ring has no key for the day of the attempt. */
  readonly seal: (id: string, attempt: UnsealedAttempt, secrets: AttemptSecrets) => OpenAttempt;
  /**
   * Undefined once the key of the day is destroyed, or when the ring has another key for that day: what
   * cannot be opened is over.
   */
  readonly open: (id: string, attempt: OpenAttempt) => AttemptSecrets | undefined;
  /** The fingerprint alone, undefined as above. */
  readonly openFingerprint: (id: string, attempt: OpenAttempt | VoidAttempt) => string | undefined;
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
    seal: (id, attempt, { data, fingerprint }) => {
      const day = dayOf(Date.parse(attempt.time));
      const key = keyOf(day);
      if (key === undefined) {
        const cause = new Error(
          `the ring of attempt keys has none for ${day}: run zameni keys tend`,
        );
        throw new AppError('service-unavailable', { cause, retryAfterSeconds: 60 });
      }
      const plaintext = Buffer.from(JSON.stringify(data));
      return {
        ...attempt,
        key: day,
        sealed: seal(key, bindingOf(id, day, attempt), plaintext),
        retry: seal(key, retryBindingOf(id, day), Buffer.from(fingerprint)),
      };
    },
    open: (id, attempt) => {
      const fingerprint = openFingerprint(id, attempt);
      const text = openWith(attempt.key, bindingOf(id, attempt.key, attempt), attempt.sealed);
      if (text === undefined || fingerprint === undefined) return undefined;
      const value: unknown = JSON.parse(text);
      if (!dataCheck.Check(value)) throw new Error('the data of an attempt is not of our form');
      return { data: value, fingerprint };
    },
    openFingerprint,
  };

  function openFingerprint(id: string, { key, retry }: OpenAttempt | VoidAttempt) {
    return openWith(key, retryBindingOf(id, key), retry);
  }

  function openWith(day: string, binding: Buffer, sealed: string): string | undefined {
    const key = keyOf(day);
    if (key === undefined) return undefined;
    try {
      return unseal(key, binding, sealed).toString('utf8');
    } catch {
      return undefined;
    }
  }
}

/** A void attempt keeps nothing else that it could be bound to. */
function retryBindingOf(id: string, day: string): Buffer {
  return Buffer.from(`retry\n${id}\n${day}`);
}

function bindingOf(id: string, day: string, { claim, time, expiresAt }: UnsealedAttempt): Buffer {
  return Buffer.from(`${id}\n${day}\n${claim}\n${time}\n${expiresAt}`);
}
