import type { Clock } from '../../async/clock.ts';
import { eachSecond } from '../../async/each-second.ts';

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

/** Milliseconds for one look. */
const DEADLINE_MS = 3_000;

/** Looks which incarnation the log has, each second: an operator changes it after a restore. */
export function createIncarnationWatch({ read, clock }: IncarnationWatchOptions): IncarnationWatch {
  let known = 0;
  const { looked, [Symbol.dispose]: dispose } = eachSecond({
    read,
    deadlineMs: DEADLINE_MS,
    clock,
    onLook: (found) => {
      known = found ?? known;
    },
  });
  return { current: () => known, looked, [Symbol.dispose]: dispose };
}
