import { createBackoff, delay } from '@zameni/runtime';

/** Lets several wait until the read model covers their positions. */
export type CoveredPosition = {
  /** Resolves once it covers the position; rejects when it cannot be asked, or at the end. */
  readonly until: (position: number) => Promise<void>;
};

/** How to ask, and when waiting ends. */
export type CoveredPositionOptions = {
  readonly read: () => Promise<number>;
  readonly signal: AbortSignal;
};

const LOOKS = { baseMs: 50, maxMs: 1_000 };

/**
 * One look for all that wait, and more seldom while nothing moves. Nothing is remembered from earlier
 * looks: an operator may have begun the read model again meanwhile.
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
