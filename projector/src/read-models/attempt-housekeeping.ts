import type { Logger } from '@zameni/runtime';
import type { AttemptStore } from './attempt-store.ts';

/** Removes expired attempts and counts live ones, beside the projection. */
export type AttemptHousekeeping = AsyncDisposable & {
  /** Begins a round when one is due and none is under way; call it only while active. */
  readonly tend: () => void;
};

/** Where attempts are, and the time in milliseconds. */
export type AttemptHousekeepingOptions = {
  readonly store: Pick<AttemptStore, 'removeExpired' | 'countLive'>;
  readonly logger: Logger;
  readonly now: () => number;
};

/** Milliseconds between rounds, at least. */
const ROUND_MS = 5_000;

/** As many times as long as a round took there is a pause: to count millions takes a second. */
const PAUSE_FACTOR = 20;

/** Statements that remove expired attempts in one round, each a bounded number of them. */
const MAX_REMOVALS = 20;

/**
 * States: due, under way, paused. A round runs beside the projection and never fails it: attempts
 * that stay too long, or are counted late, are the lesser failure.
 */
export function createAttemptHousekeeping(
  options: AttemptHousekeepingOptions,
): AttemptHousekeeping {
  const { store, logger, now } = options;
  const stopping = new AbortController();
  let round: Promise<void> | undefined;
  let dueAtMs = 0;

  async function run(): Promise<void> {
    const begunAtMs = now();
    try {
      for (let count = 0; count < MAX_REMOVALS && (await store.removeExpired()); count += 1) {
        if (stopping.signal.aborted) return;
      }
      await store.countLive();
    } catch (error) {
      if (!stopping.signal.aborted) logger.warn({ error }, 'attempts could not be tended');
    } finally {
      dueAtMs = now() + Math.max(ROUND_MS, PAUSE_FACTOR * (now() - begunAtMs));
      round = undefined;
    }
  }

  return {
    tend: () => {
      if (round !== undefined || now() < dueAtMs || stopping.signal.aborted) return;
      round = run();
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await round;
    },
  };
}
