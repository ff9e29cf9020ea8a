import type { Clock } from '../async/clock.ts';
import { withDeadline } from '../async/retry.ts';
import type { LiveCheckpoint } from '../postgres/read-checkpoint.ts';
import { DEADLINES } from '../process/deadlines.ts';
import { createPositionPoller } from './position-poller.ts';
import { Fault } from '../errors.ts';

/** The version of the read models that is live, as far as this process knows. */
export type LiveVersion = Disposable & {
  /** Undefined until it is known. Afterwards the last known one, also while no database answers. */
  readonly current: () => number | undefined;
  /** Learns from a checkpoint that was read for another reason, maybe from a replica. */
  readonly learn: (checkpoint: LiveCheckpoint) => void;
  /** The position that the last look found, or 0. */
  readonly newest: () => number;
  /** A position that the looks of the last second, and the one before them, have all reached, or 0. */
  readonly lately: () => number;
};

/** What a look found, and when, in milliseconds of the clock. */
type Look = { readonly position: number; readonly atMs: number };

/** How to look. `read` rejects if the database is unavailable. */
export type LiveVersionOptions = {
  readonly read: () => Promise<LiveCheckpoint | undefined>;
  readonly clock: Clock;
  /** Milliseconds for one look. */
  readonly deadlineMs?: number;
};

/** Milliseconds that others have to reach a position after a look has found it. */
const LATELY_MS = DEADLINES.primaryLook;

/**
 * Looks which version is live, each second. Each look costs the primary one row. Versions are
 * switched while readers run: within about a second they all use the cache of the new one. Until then
 * they may read the cache of the old one, whose entries are true of their positions.
 *
 * A look always counts. A learned checkpoint counts only from the position that is known: the live
 * version never goes back, so an older one is that of a replica that lags.
 */
export function createLiveVersion(options: LiveVersionOptions): LiveVersion {
  const { read, clock, deadlineMs = DEADLINES.primaryLook } = options;
  let known: LiveCheckpoint | undefined;
  let looks: readonly Look[] = [];

  async function look(): Promise<number | undefined> {
    try {
      const late = () => new Fault('the live version was not read in time');
      const found = await withDeadline(read(), deadlineMs, late);
      if (found !== undefined) remember(found.position);
      known = found ?? known;
    } catch {
      // The last known version stays. Health checks name the database.
    }
    return known?.position;
  }

  /** Keeps the newest look that is old enough, and those after it. */
  function remember(position: number): void {
    const now = clock.now();
    const all = [...looks, { position, atMs: now }];
    const oldEnough = all.findLastIndex(({ atMs }) => atMs <= now - LATELY_MS);
    looks = all.slice(Math.max(0, oldEnough));
  }

  const poller = createPositionPoller({
    read: look,
    minMs: DEADLINES.primaryLook,
    maxMs: DEADLINES.primaryLook,
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
    newest: () => looks.at(-1)?.position ?? 0,
    lately: () => {
      const oldEnough = looks.findLastIndex(({ atMs }) => atMs <= clock.now() - LATELY_MS);
      if (oldEnough === -1) return 0;
      // After a restored backup the position is lower than it was.
      return Math.min(...looks.slice(oldEnough).map(({ position }) => position));
    },
    [Symbol.dispose]: () => poller.stop(),
  };
}
