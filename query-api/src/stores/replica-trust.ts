import type { ViewCache } from '@zameni/runtime';
import type { OptionalViewStore } from './view-store.ts';

/** Positions of the live read model as this process has read them from the primary. */
export type KnownPositions = {
  /** The newest one. */
  readonly newest: () => number;
  /** The one that a replica must have reached to be believed. */
  readonly lately: () => number;
};

/**
 * A replica that answers only while it is not far behind the primary. Otherwise it is as if away, so
 * the primary answers. A person who was erased may still be on a replica that does not replay, and
 * only the cache would say that they are gone. An erasure on the replica is true at any lag.
 */
export function trustReplica(replica: OptionalViewStore, known: KnownPositions): OptionalViewStore {
  const isBehind = (position: number) => position < known.lately();
  return {
    read: async (kind, id) => {
      const found = await replica.read(kind, id);
      if (found === undefined || found.view === 'erased') return found;
      // Of a parked account the row covers less than the checkpoint, and the primary decides.
      return isBehind(found.position) ? undefined : found;
    },
    readPosition: async () => {
      const position = await replica.readPosition();
      return position === undefined || isBehind(position) ? undefined : position;
    },
  };
}

/** Keeps answers that are known to be old out of the cache, where they would live for seconds. */
export function offerNothingOld(cache: ViewCache, known: KnownPositions): ViewCache {
  return {
    ...cache,
    offer: async (view) => {
      if (view.position >= known.newest()) await cache.offer(view);
    },
  };
}
