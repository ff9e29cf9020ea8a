import { randomBytes } from 'node:crypto';
import type { KeyRingFile } from './key-ring.ts';

const KEY_BYTES = 32;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Milliseconds that a key outlives the last attempt of its day, because clocks differ. */
const SLACK_MS = DAY_MS;

/** Days for which keys are made in advance. The keeper of the ring may be down for that long. */
const DAYS_AHEAD = 7;

/**
 * Returns the ring of attempt keys as it must be at a time: keys for today and the days ahead, and
 * none for days whose last attempt expired more than a day ago.
 */
export function tendAttemptKeys(
  ring: KeyRingFile | undefined,
  now: Date,
  lifetimeSeconds: number,
): KeyRingFile {
  const today = dayOf(now.getTime());
  const aliveMs = DAY_MS + lifetimeSeconds * 1_000 + SLACK_MS;
  const kept = Object.entries(ring?.keys ?? {}).filter(
    ([day]) => Date.parse(day) + aliveMs > now.getTime(),
  );
  const made = Array.from({ length: DAYS_AHEAD + 1 }, (_, ahead) => [
    dayOf(now.getTime() + ahead * DAY_MS),
    randomBytes(KEY_BYTES).toString('base64'),
  ]);
  const keys: Record<string, string> = { ...Object.fromEntries(made), ...Object.fromEntries(kept) };
  const days = Object.entries(keys).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { current: today, keys: Object.fromEntries(days) };
}

/** Returns the UTC day of a time. It is the id of that day's key. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 'YYYY-MM-DD'.length);
}
