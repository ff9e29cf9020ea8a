import type { Clock } from '../async/clock.ts';
import { withDeadline } from '../async/retry.ts';
import type { LiveCheckpoint } from '../postgres/read-checkpoint.ts';
import { createPositionPoller } from './position-poller.ts';
import { Fault } from '../errors.ts';

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
  /** Milliseconds for one look. */
  readonly deadlineMs?: number;
};

/** Milliseconds between looks, and for one. Each costs the primary one row. */
const LOOK_MS = 1_000;
const DEADLINE_MS = 3_000;

/**
 * Looks which version is live, each second. Versions are switched while readers run: within about a
 * second they all use the cache of the new one. Until then they may read the cache of the old one,
 * whose entries are true of their positions.
 *
 * A look always counts. A learned checkpoint counts only from the position that is known: the live
 * version never goes back, so an older one is that of a replica that lags.
 */
export function createLiveVersion(options: LiveVersionOptions): LiveVersion {
  const { read, clock, deadlineMs = DEADLINE_MS } = options;
  let known: LiveCheckpoint | undefined;

  async function look(): Promise<number | undefined> {
    try {
      const late = () => new Fault('the live version was not read in time');
      known = (await withDeadline(read(), deadlineMs, late)) ?? known;
    } catch {
      // The last known version stays. Health checks name the database.
    }
    return known?.position;
  }

  const poller = createPositionPoller({
    read: look,
    minMs: LOOK_MS,
    maxMs: LOOK_MS,
    clock,
    onPosition: () => undefined,
  });
  poller.start();
  return {
    current: () => known?.version,
    learn: (checkpoint) => {
      // A replica that is behind knows the version before at the same position.
      const isNews = known === undefined || checkpoint.position > known.position;
      if (isNews || checkpoint.version === known?.version) known = checkpoint;
    },
    [Symbol.dispose]: () => poller.stop(),
  };
}
