import type { ProjectionStore } from '../read-models/store.ts';
import type { CacheFeed } from './feed.ts';

/** Writes the tombstone of each erasure to the cache until it is known to be there. */
export type TombstoneWriter = {
  /** Call it at each checkpoint while active; `urgent` if the batch contained an erasure. */
  readonly run: (position: number, urgent: boolean) => Promise<void>;
};

/** Dependencies of the tombstone writer. */
export type TombstoneWriterOptions = {
  readonly store: Pick<ProjectionStore, 'readErasuresNotInCache' | 'markErasedFromCache'>;
  readonly cache: Pick<CacheFeed, 'follow'>;
  /** Deletes the entries of people that other versions of the read models have left. */
  readonly evict: (userIds: readonly string[]) => Promise<void>;
  readonly now: () => number;
};

/** Milliseconds between two looks for erasures that Redis missed while it was down. */
const LOOK_MS = 1_000;

/**
 * Creates a tombstone writer. The batch that erases a person writes the tombstone with its other
 * views, but that write may fail. So each tombstone that is not confirmed is written again each
 * second. A person counts as erased from the cache only after a confirmed write.
 */
export function createTombstoneWriter({
  store,
  cache,
  evict,
  now,
}: TombstoneWriterOptions): TombstoneWriter {
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
      const userIds = erasures.map(({ userId }) => userId);
      await evict(userIds);
      await store.markErasedFromCache(userIds);
    },
  };
}
