import type { ViewCache } from '@zameni/runtime';
import type { OptionalViewStore, StoredView, ViewStore } from './store.ts';

/** What this process knows of log and primary, by which it believes what cache and databases say. */
export type Known = {
  /** Whether the log is another one than that of which the read models are. */
  readonly isOtherLog: () => boolean;
  /** The newest position of the live read models that was found on the primary. */
  readonly newest: () => number;
  /** The one that a replica must have reached. */
  readonly lately: () => number;
};

/**
 * A cache that has nothing while its views are of another log. What is known to be old is not
 * offered to it, where it would live for seconds.
 */
export function trustCache(cache: ViewCache, { isOtherLog, newest }: Known): ViewCache {
  return {
    read: async (...query) => (isOtherLog() ? undefined : cache.read(...query)),
    offer: async (view) => {
      if (!isOtherLog() && view.position >= newest()) await cache.offer(view);
    },
    watermark: async () => (isOtherLog() ? undefined : cache.watermark()),
  };
}

/**
 * A replica that answers only while it is not far behind the primary. Otherwise it is as if away, so
 * the primary answers. A person who was erased may still be on a replica that does not replay, and
 * only the cache would say that they are gone. An erasure on the replica is true at any lag. Views of
 * another log cover no position.
 */
export function trustReplica(replica: OptionalViewStore, known: Known): OptionalViewStore {
  const isBehind = (position: number) => position < known.lately();
  const { read, readPosition } = coverNothingOfOther(replica, known);
  return {
    read: async (kind, id) => {
      const found = await read(kind, id);
      if (found === undefined || found.view === 'erased') return found;
      // Of a parked account the row covers less than the checkpoint, and the primary decides.
      return isBehind(found.position) ? undefined : found;
    },
    readPosition: async () => {
      const position = await readPosition();
      return position === undefined || isBehind(position) ? undefined : position;
    },
  };
}

/** A primary whose views are always believed, but cover no position while they are of another log. */
export function trustPrimary(primary: ViewStore, known: Known): ViewStore {
  return coverNothingOfOther(primary, known);
}

/** The views and the position of another log cover nothing. */
function coverNothingOfOther<Store extends ViewStore | OptionalViewStore>(
  store: Store,
  { isOtherLog }: Pick<Known, 'isOtherLog'>,
): Store {
  return {
    ...store,
    read: async (kind, id) => {
      const found = await store.read(kind, id);
      return isOtherLog() ? withoutPosition(found) : found;
    },
    readPosition: async () => {
      const position = await store.readPosition();
      return isOtherLog() && position !== undefined ? 0 : position;
    },
  };
}

function withoutPosition<Found extends StoredView | undefined>(found: Found): Found {
  return found && { ...found, position: 0 };
}
