import { createBackoff, delay } from '@zameni/runtime';

/** Lets concurrent callers wait until the read model covers their positions. */
export type CoveredPosition = {
  /**
   * Resolves when the read model covers the position. Rejects if it cannot be read, or on abort.
   */
  readonly until: (position: number) => Promise<void>;
};

/** Reads the position; the signal ends every wait. */
export type CoveredPositionOptions = {
  readonly read: () => Promise<number>;
  readonly signal: AbortSignal;
};

const LOOKS = { baseMs: 50, maxMs: 1_000 };

/**
 * All callers share one read, and reads become less frequent while the position does not move. A
 * position from an earlier read is never reused, because an operator may have reset the read model
 * since.
 */
export function createCoveredPosition({ read, signal }: CoveredPositionOptions): CoveredPosition {
  const backoff = createBackoff(LOOKS);
  let covered = 0;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    await delay(backoff.nextMs(), signal);
    const position = await read();
    if (position !== covered) backoff.reset();
    covered = position;
  }

  return {
    until: async (position) => {
      do {
        looking ??= look().finally(() => (looking = undefined));
        await looking;
      } while (covered < position);
    },
  };
}
