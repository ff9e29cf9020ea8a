import type { Clock } from '../async/clock.ts';
import { withDeadline } from '../async/retry.ts';
import { createPositionPoller } from '../cache/position-poller.ts';
import { Fault } from '../errors.ts';

/** The incarnation of the log, as far as this process knows. */
export type IncarnationWatch = Disposable & {
  /** 0 until it is known. Afterwards the last known one, also while the log is away. */
  readonly current: () => number;
  /** Resolves after the first look, whatever it has found. */
  readonly looked: Promise<void>;
};

/** How to look. `read` rejects if the log is unavailable. */
export type IncarnationWatchOptions = {
  readonly read: () => Promise<number | undefined>;
  readonly clock: Clock;
};

/** Milliseconds between looks, and for one. An operator changes it after a restore only. */
const LOOK_MS = 1_000;
const DEADLINE_MS = 3_000;

/** Looks which incarnation the log has, each second. */
export function createIncarnationWatch({ read, clock }: IncarnationWatchOptions): IncarnationWatch {
  const first = Promise.withResolvers<void>();
  let known = 0;

  async function look(): Promise<number> {
    try {
      const late = () => new Fault('the incarnation of the log was not read in time');
      known = (await withDeadline(read(), DEADLINE_MS, late)) ?? known;
    } catch {
      // The last known one stays. Health checks name the log.
    }
    first.resolve();
    return known;
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
    current: () => known,
    looked: first.promise,
    [Symbol.dispose]: () => poller.stop(),
  };
}
