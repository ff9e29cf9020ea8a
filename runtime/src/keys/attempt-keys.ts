import { createSecretKey } from 'node:crypto';
import {
  type AttemptData,
  type Farewell,
  type OpenAttempt,
  parseAttemptData,
  type VoidAttempt,
} from '@zameni/contracts';
import { AppError, Fault } from '../errors.ts';
import { seal, unseal } from './aes-gcm.ts';
import { dayOf } from './attempt-key-days.ts';
import { deriveFromRing, type KeyRingSource, toKeyRingSource } from './ring-source.ts';
import type { KeyRing } from './key-ring.ts';

/** An attempt before its data is sealed. */
export type UnsealedAttempt = Omit<OpenAttempt, 'key' | 'sealed' | 'retry'>;

/** The sealed part of an attempt: the data and the fingerprint of the registration. */
export type AttemptSecrets = { readonly data: AttemptData; readonly fingerprint: string };

/** A farewell before the address is sealed. */
export type UnsealedFarewell = Omit<Farewell, 'key' | 'sealed'>;

/** Seals and opens attempts and farewells with one key per day. */
export type AttemptKeys = {
  /** Throws `service-unavailable` if the ring has no key for the day of the attempt. */
  readonly seal: (id: string, attempt: UnsealedAttempt, secrets: AttemptSecrets) => OpenAttempt;
  /**
   * Returns undefined if the key of the day is destroyed, or if the ring has another key for that
   * day. Such an attempt is over.
   */
  readonly open: (id: string, attempt: OpenAttempt) => AttemptSecrets | undefined;
  /** Opens the fingerprint only. Returns undefined in the same cases. */
  readonly openFingerprint: (id: string, attempt: OpenAttempt | VoidAttempt) => string | undefined;
  /** Returns undefined if the ring has no key for the day: an erasure does not wait for a mail. */
  readonly sealFarewell: (
    id: string,
    farewell: UnsealedFarewell,
    address: string,
  ) => Farewell | undefined;
  /** Returns the address, or undefined in the same cases as for an attempt. */
  readonly openFarewell: (id: string, farewell: Farewell) => string | undefined;
};

/**
 * Attempts are sealed by AES-256-GCM, bound to id, claim, locale, instants and key. One key per day is
 * cheaper than one per attempt. Its destruction ends all attempts of the day wherever copies exist:
 * on servers that were down, in Raft logs, in backups. The limit of 2^32 seals per key (NIST SP
 * 800-38D) allows 49,000 attempts per second.
 */
export function createAttemptKeys(ring: KeyRing | KeyRingSource): AttemptKeys {
  const source = toKeyRingSource(ring);
  const keys = deriveFromRing(
    source,
    ({ keys }) => new Map([...keys].map(([day, key]) => [day, createSecretKey(key)])),
  );
  const keyOf = (day: string) => {
    // Looking up an unknown key makes the ring read its file again, which may have a new key.
    const isKnown = source.find(day) !== undefined;
    return isKnown ? keys().get(day) : undefined;
  };
  return {
    seal: (id, attempt, { data, fingerprint }) => {
      const day = dayOf(Date.parse(attempt.time));
      const key = keyOf(day);
      if (key === undefined) {
        const cause = new Fault(
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
      const data = parseAttemptData(text);
      if (data === undefined) throw new Fault('the data of an attempt cannot be read');
      return { data, fingerprint };
    },
    openFingerprint,
    sealFarewell: (id, farewell, address) => {
      const day = dayOf(Date.parse(farewell.time));
      const key = keyOf(day);
      if (key === undefined) return undefined;
      const binding = farewellBindingOf(id, day, farewell);
      return { ...farewell, key: day, sealed: seal(key, binding, Buffer.from(address)) };
    },
    openFarewell: (id, farewell) => {
      const { key, sealed } = farewell;
      return openWith(key, farewellBindingOf(id, key, farewell), sealed);
    },
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

/** `id` is that of the subject. */
function farewellBindingOf(id: string, day: string, farewell: UnsealedFarewell): Buffer {
  const { locale, time, userId } = farewell;
  const person = userId === undefined ? [] : [userId];
  return Buffer.from(['farewell', id, day, locale, time, ...person].join('\n'));
}

/** A void attempt has no other fields to bind the fingerprint to. */
function retryBindingOf(id: string, day: string): Buffer {
  return Buffer.from(`retry\n${id}\n${day}`);
}

function bindingOf(id: string, day: string, attempt: UnsealedAttempt): Buffer {
  const { claim, locale, time, expiresAt } = attempt;
  return Buffer.from([id, day, claim, locale, time, expiresAt].join('\n'));
}
