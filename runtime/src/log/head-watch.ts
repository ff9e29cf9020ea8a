import type { Clock } from '../async/clock.ts';
import { withDeadline } from '../async/retry.ts';
import { createPositionPoller } from '../cache/position-poller.ts';
import { addSighting, pastSince, type Sighting } from './head-sightings.ts';
import { Fault } from '../errors.ts';

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

/** Milliseconds between looks at the head. One costs the leader of the log microseconds. */
const POLL_MS = 1_000;

/** Milliseconds after which the log counts as unavailable. */
const READ_DEADLINE_MS = 1_000;

/**
 * Looks at the head every second. The moments are those at which this process saw the head move:
 * not every user may read records of the log, and the time of a record is not known to its reader.
 */
export function createHeadWatch({ readHead, clock }: HeadWatchOptions): HeadWatch {
  let sightings: readonly Sighting[] = [];
  let last: number | undefined;

  async function look(): Promise<number | undefined> {
    try {
      const late = () => new Fault('the log did not answer in time');
      const head = await withDeadline(readHead(), READ_DEADLINE_MS, late);
      sightings = addSighting(sightings, { head, atMs: clock.now() });
      last = head;
    } catch {
      // Undefined means unknown; health checks name the log.
      last = undefined;
    }
    return last;
  }

  const poller = createPositionPoller({
    read: look,
    minMs: POLL_MS,
    maxMs: POLL_MS,
    clock,
    onPosition: () => undefined,
  });
  poller.start();
  return {
    readHead: look,
    lastHead: () => last,
    pastForMs: (position) => {
      const since = pastSince(sightings, position);
      return since === undefined ? 0 : clock.now() - since;
    },
    [Symbol.dispose]: () => poller.stop(),
  };
}
