import { createCounter, METRICS, observe, startAtZero } from '@zameni/runtime';
import type { CacheFeed } from './feed.ts';

/** A feed of which metrics tell what it has written, and when last. */
export type MeasuredFeed = CacheFeed & Disposable;

/** Whether this process writes the cache that readers use, and the time in milliseconds. */
export type MeasuredFeedOptions = {
  readonly isActive: () => boolean;
  readonly now: () => number;
};

/**
 * Measures a feed. The age of the watermark counts from the start of a run, so that it grows also if
 * no write of the run succeeds.
 */
export function measureCacheFeed(
  feed: CacheFeed,
  { isActive, now }: MeasuredFeedOptions,
): MeasuredFeed {
  const countWrites = createCounter(METRICS.store.cacheWrites);
  startAtZero(METRICS.store.cacheWrites, [{}]);
  let advancedAtMs: number | undefined;
  const observed = observe(METRICS.store.watermarkAge, () => {
    if (advancedAtMs === undefined || !isActive()) return [];
    return [{ value: (now() - advancedAtMs) / 1_000 }];
  });
  return {
    resume: (position) => {
      advancedAtMs = now();
      feed.resume(position);
    },
    follow: async (position, changes) => {
      const stands = await feed.follow(position, changes);
      if (!stands) return false;
      advancedAtMs = now();
      if (changes.length > 0) countWrites({}, changes.length);
      return true;
    },
    [Symbol.dispose]: () => observed[Symbol.dispose](),
  };
}
