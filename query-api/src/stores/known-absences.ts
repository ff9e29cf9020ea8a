import type { Clock } from '@zameni/runtime';
import type { IsInLog } from './log-lookup.ts';

/** Milliseconds for which the log is not asked again for what it lacked. */
const LIFETIME_MS = 1_000;

/** Most ids that are remembered, some 100 bytes each. */
const MAX_IDS = 10_000;

/**
 * Remembers for a second which registrations the log lacks, so that repeated questions for one reach
 * its leader once. An id that has begun again meanwhile, under its Idempotency-Key, may seem to be
 * absent for the rest of that second, but only until it is projected; a reader with `Min-Position`
 * asks the log itself.
 */
export function rememberAbsences(isInLog: IsInLog, clock: Clock): IsInLog {
  // In the order of their ends, so that the first one is the oldest.
  const absentUntil = new Map<string, number>();

  function note(id: string): void {
    absentUntil.delete(id);
    const [oldest] = absentUntil.keys();
    if (absentUntil.size >= MAX_IDS && oldest !== undefined) absentUntil.delete(oldest);
    absentUntil.set(id, clock.now() + LIFETIME_MS);
  }

  return async (id, signal) => {
    if ((absentUntil.get(id) ?? 0) > clock.now()) return false;
    const found = await isInLog(id, signal);
    if (!found) note(id);
    return found;
  };
}
