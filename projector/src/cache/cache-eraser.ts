import type { ProjectionStore } from '../read-models/projection-store.ts';
import type { CacheFeed } from './feed.ts';

/** Sees to it that each erasure reaches the cache for certain, and that it is written down. */
export type CacheEraser = {
  /** At the checkpoint, while active; `urgent` when a batch brought an erasure. */
  readonly run: (position: number, urgent: boolean) => Promise<void>;
};

/** What erasing from the cache needs. */
export type CacheEraserOptions = {
  readonly store: Pick<ProjectionStore, 'readErasuresNotInCache' | 'markErasedFromCache'>;
  readonly cache: Pick<CacheFeed, 'follow'>;
  readonly now: () => number;
};

/** Milliseconds between two looks for erasures that are left over from when Redis was away. */
const LOOK_MS = 1_000;

/**
 * The batch that erases a person writes their tombstone with its other views. That write may fail, so
 * what is not known to be there is written again each second, and only then counts as erased.
 */
export function createCacheEraser({ store, cache, now }: CacheEraserOptions): CacheEraser {
  let nextLookMs = 0;
  return {
    run: async (position, urgent) => {
      if (!urgent && now() < nextLookMs) return;
      nextLookMs = now() + LOOK_MS;
      const erasures = await store.readErasuresNotInCache();
      if (erasures.length === 0) return;
      const tombstones = erasures.map((erasure) => ({
        kind: 'user' as const,
        id: erasure.userId,
        position: erasure.position,
        view: 'erased' as const,
      }));
      if (!(await cache.follow(position, tombstones))) return;
      await store.markErasedFromCache(erasures.map(({ userId }) => userId));
    },
  };
}
