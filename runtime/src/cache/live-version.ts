import type { Clock } from '../async/clock.ts';
import { eachSecond } from '../async/each-second.ts';
import type { LiveCheckpoint } from '../postgres/read-checkpoint.ts';
import { DEADLINES } from '../process/deadlines.ts';

/** The version of the read models that is live, as far as this process knows. */
export type LiveVersion = Disposable & {
  /** Undefined until it is known. Afterwards the last known one, also while no database answers. */
  readonly current: () => number | undefined;
  /** Learns from a checkpoint that was read for another reason, maybe from a replica. */
  readonly learn: (checkpoint: LiveCheckpoint) => void;
};

/** How to look. `read` rejects if the database is unavailable. */
export type LiveVersionOptions = {
  readonly read: () => Promise<LiveCheckpoint | undefined>;
  readonly clock: Clock;
  /** Learns from each look too. Undefined if it failed. */
  readonly onLook?: (found: LiveCheckpoint | undefined) => void;
};

/**
 * Looks which version is live, each second. Each look costs the primary one row. Versions are
 * switched while readers run: within about a second they all use the cache of the new one. Until then
 * they may read the cache of the old one, whose entries are true of their positions.
 *
 * A look always counts. A learned checkpoint counts only from the position that is known: the live
 * version never goes back, so an older one is that of a replica that lags.
 */
export function createLiveVersion(options: LiveVersionOptions): LiveVersion {
  const { read, clock, onLook } = options;
  let known: LiveCheckpoint | undefined;
  const { [Symbol.dispose]: dispose } = eachSecond({
    read,
    deadlineMs: DEADLINES.primaryLook,
    clock,
    onLook: (found) => {
      known = found ?? known;
      onLook?.(found);
    },
  });
  return {
    current: () => known?.version,
    learn: (checkpoint) => {
      // A replica that is behind knows the version before at the same position.
      const isNews = known === undefined || checkpoint.position > known.position;
      if (isNews || checkpoint.version === known?.version) known = checkpoint;
    },
    [Symbol.dispose]: dispose,
  };
}
