import type { Taken, Waiting } from './group.ts';

/** Bounds of the queue before the groups, in time first: the same length is short or long by load. */
export type AdmissionBounds = {
  /** Most intents waiting. */
  readonly maxWaiting: number;
  /** As many waiting are no queue, since one group takes them all: below it nobody is refused. */
  readonly minWaiting: number;
  /** Milliseconds that even the youngest of a group has waited when more keeps coming than goes. */
  readonly maxStandingMs: number;
  /** Milliseconds in the queue: whoever is left behind after that would wait for several groups more. */
  readonly maxWaitMs: number;
};

/** Says who may wait for a group, and who has waited too long. */
export type Admission = {
  /** Whether another one may join the queue. */
  readonly admits: (queue: readonly Waiting[]) => boolean;
  /** To be told of each group taken; answers whom of those left behind to refuse. */
  readonly afterTaking: (taken: Taken) => readonly Waiting[];
};

/**
 * The idea of CoDel (RFC 8289): a queue that empties itself is a burst, however long; one in which
 * even the luckiest waits is standing, and whatever joins it only makes everybody later. States:
 * `open`; `standing` while the youngest of the last group, which had no room for others, has waited
 * too long; `stuck` while no group was taken for `maxWaitMs`. The youngest decides and not the oldest,
 * and those left only because of their rivals do not count: a flood on one address makes its own rivals
 * old, and must not close the door to anybody else.
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
