import type { Clock } from '../../async/clock.ts';
import { eachSecond } from '../../async/each-second.ts';
import { addSighting, pastSince, type Sighting } from './head-sightings.ts';

/** The head of the log, watched from the start of the process. */
export type HeadWatch = Disposable & {
  /** Reads the head. Undefined if the log does not answer in time. */
  readonly readHead: () => Promise<number | undefined>;
  /** The head as it was last seen. Undefined if the last look failed. */
  readonly lastHead: () => number | undefined;
  /** Milliseconds since the log was first seen past a position; 0 if it was not. */
  readonly pastForMs: (position: number) => number;
};

/** How to read the head. `readHead` rejects if the log is unavailable. */
export type HeadWatchOptions = {
  readonly readHead: () => Promise<number>;
  readonly clock: Clock;
};

/** Milliseconds after which the log counts as unavailable. */
const READ_DEADLINE_MS = 1_000;

/**
 * Looks at the head every second, which costs the leader of the log microseconds. The moments are
 * those at which this process saw the head move: not every user may read records of the log, and the
 * time of a record is not known to its reader.
 */
export function createHeadWatch({ readHead, clock }: HeadWatchOptions): HeadWatch {
  let sightings: readonly Sighting[] = [];
  let last: number | undefined;
  const { look, [Symbol.dispose]: dispose } = eachSecond({
    read: readHead,
    deadlineMs: READ_DEADLINE_MS,
    clock,
    onLook: (head) => {
      if (head !== undefined) sightings = addSighting(sightings, { head, atMs: clock.now() });
      last = head;
    },
  });
  return {
    readHead: look,
    lastHead: () => last,
    pastForMs: (position) => {
      const since = pastSince(sightings, position);
      return since === undefined ? 0 : clock.now() - since;
    },
    [Symbol.dispose]: dispose,
  };
}
