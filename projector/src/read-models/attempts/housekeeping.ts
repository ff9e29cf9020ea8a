import type { Logger } from '@zameni/runtime';
import type { AttemptStore } from './rows.ts';

/** Removes expired attempts and counts live ones, beside the projection. */
export type AttemptHousekeeping = AsyncDisposable & {
  /** Begins a round if one is due and none is running. Call it only while active. */
  readonly run: () => void;
};

/** Dependencies of housekeeping; `now` is the time in milliseconds. */
export type AttemptHousekeepingOptions = {
  readonly store: Pick<AttemptStore, 'removeExpired' | 'countLive'>;
  readonly logger: Logger;
  readonly now: () => number;
};

/** Shortest time between rounds, in milliseconds. */
const ROUND_MS = 5_000;

/** A pause is this many times as long as its round: to count millions takes a second. */
const PAUSE_FACTOR = 20;

/** Statements of one round that each remove a bounded number of expired attempts. */
const MAX_REMOVALS = 20;

/**
 * Creates housekeeping. States: due, running, paused. A round runs beside the projection and never
 * fails it: attempts that stay too long, or are counted late, are the lesser failure.
 */
export function createAttemptHousekeeping(
  options: AttemptHousekeepingOptions,
): AttemptHousekeeping {
  const { store, logger, now } = options;
  const stopping = new AbortController();
  let round: Promise<void> | undefined;
  let dueAtMs = 0;

  async function runRound(): Promise<void> {
    const begunAtMs = now();
    try {
      for (let count = 0; count < MAX_REMOVALS && (await store.removeExpired()); count += 1) {
        if (stopping.signal.aborted) return;
      }
      await store.countLive();
    } catch (error) {
      if (!stopping.signal.aborted)
        logger.warn({ error }, 'attempts could not be removed or counted');
    } finally {
      dueAtMs = now() + Math.max(ROUND_MS, PAUSE_FACTOR * (now() - begunAtMs));
      round = undefined;
    }
  }

  return {
    run: () => {
      if (round !== undefined || now() < dueAtMs || stopping.signal.aborted) return;
      round = runRound();
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await round;
    },
  };
}
