import { randomBytes } from 'node:crypto';
import { type KeyRing, tendAttemptKeys } from '@zameni/runtime';

/** Lifetime of attempts in tests. */
export const LIFETIME_MS = 7 * 24 * 60 * 60 * 1_000;

/** A ring of one random key. */
export const createRing = (): KeyRing => ({
  current: '1',
  keys: new Map([['1', randomBytes(32)]]),
});

/** A ring of attempt keys as the keeper makes it today. */
export function createAttemptRing(): KeyRing {
  const { current, keys } = tendAttemptKeys(undefined, new Date(), LIFETIME_MS / 1_000);
  const days = Object.entries(keys).map(
    ([day, text]) => [day, Buffer.from(text, 'base64')] as const,
  );
  return { current, keys: new Map(days) };
}
