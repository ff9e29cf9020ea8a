import { type Clock, createPositionPoller, withDeadline } from '@zameni/runtime';
import { addSighting, pastSince, type Sighting } from './head-sightings.ts';

/** The head of the log, watched from the start of the process. */
export type HeadWatch = Disposable & {
  /** Reads the head. Undefined if the log does not answer in time. */
  readonly readHead: () => Promise<number | undefined>;
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
 * Looks at the head every second. The user of this service may read no record of the log, not even
 * its time, so the moments are those at which this process saw the head move.
 */
export function createHeadWatch({ readHead, clock }: HeadWatchOptions): HeadWatch {
  let sightings: readonly Sighting[] = [];

  async function look(): Promise<number | undefined> {
    try {
      const late = () => new Error('the log did not answer in time');
      const head = await withDeadline(readHead(), READ_DEADLINE_MS, late);
      sightings = addSighting(sightings, { head, atMs: clock.now() });
      return head;
    } catch {
      // Undefined means unknown; health checks name the log.
      return undefined;
    }
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
    pastForMs: (position) => {
      const since = pastSince(sightings, position);
      return since === undefined ? 0 : clock.now() - since;
    },
    [Symbol.dispose]: () => poller.stop(),
  };
}
