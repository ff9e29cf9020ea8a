import type { Taken, Waiting } from './group/group.ts';

/** Bounds of the queue. Most are times: how long a queue lasts depends on length and load. */
export type AdmissionBounds = {
  /** Most intents in the queue. */
  readonly maxWaiting: number;
  /** Below this length nobody is refused: one group takes the whole queue. */
  readonly minWaiting: number;
  /** Milliseconds that the youngest intent of a group may have waited. */
  readonly maxStandingMs: number;
  /** Milliseconds in the queue after which an intent that a group leaves behind is refused. */
  readonly maxWaitMs: number;
};

/** Decides which intents may join the queue, and which have waited too long. */
export type Admission = {
  /** Whether another intent may join the queue. */
  readonly admits: (queue: readonly Waiting[]) => boolean;
  /** Call it for each group taken from the queue; returns the intents left behind to refuse. */
  readonly afterTaking: (taken: Taken) => readonly Waiting[];
};

/**
 * Follows CoDel (RFC 8289): a queue that empties itself is a burst, however long; a queue in which
 * even the youngest waits is standing, and each new intent only adds delay for all. `now` returns
 * milliseconds. States:
 *
 * - `open`: intents are admitted.
 * - `standing`: the youngest of the last group waited longer than `maxStandingMs`, and the group
 *   left at least `minWaiting` intents behind for lack of room.
 * - `stuck`: no group was taken for `maxWaitMs`.
 * - `full`: `maxWaiting` intents are in the queue.
 *
 * The youngest decides, not the oldest, and intents left only because of their rivals do not count:
 * a flood on one address makes its own rivals old, and must not get others refused.
 */
export function createAdmission(bounds: AdmissionBounds, now: () => number): Admission {
  const { maxWaiting, minWaiting, maxStandingMs, maxWaitMs } = bounds;
  let standingMs = 0;
  let lastTakenAt = now();
  return {
    admits: (queue) => {
      const [first] = queue;
      if (first === undefined || queue.length < minWaiting) return true;
      const stuckMs = now() - Math.max(lastTakenAt, first.submittedAt);
      return queue.length < maxWaiting && standingMs <= maxStandingMs && stuckMs <= maxWaitMs;
    },
    afterTaking: ({ group, left, crowdedOut }) => {
      lastTakenAt = now();
      const waitsMs = group.map(({ submittedAt }) => lastTakenAt - submittedAt);
      standingMs = crowdedOut < minWaiting ? 0 : Math.min(...waitsMs);
      if (left.length < minWaiting) return [];
      return left.filter(({ submittedAt }) => lastTakenAt - submittedAt > maxWaitMs);
    },
  };
}
