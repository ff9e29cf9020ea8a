import type { CachedView, ViewCache, ViewOffer } from '@zameni/runtime';
import type { StoredView, ViewStore } from './store.ts';

/** A cache, a replica and a primary in memory, whose state a test sets. */
export type TestStores = {
  cached: CachedView | undefined;
  watermark: number | undefined;
  replica: StoredView | undefined;
  primary: StoredView | undefined;
  readonly filled: ViewOffer[];
  /** The stores in the order they were read. */
  readonly asked: string[];
};

/** Empty stores at position 10. */
export function createTestStores(): TestStores {
  return {
    cached: undefined,
    watermark: 10,
    replica: { position: 10, modelVersion: 2, view: 'absent' },
    primary: { position: 10, modelVersion: 2, view: 'absent' },
    filled: [],
    asked: [],
  };
}

/** The cache of the stores. */
export function toCache(stores: TestStores): ViewCache {
  return {
    read: async (_kind, _id, minPosition = 0) => {
      stores.asked.push('cache');
      const { cached } = stores;
      const isBehind = cached?.view !== 'parked' && (cached?.position ?? 0) < minPosition;
      return isBehind ? undefined : cached;
    },
    offer: async (view) => void stores.filled.push(view),
    watermark: async () => stores.watermark,
  };
}

/** A database of the stores. It rejects while it is undefined. */
export function toStore(stores: TestStores, name: 'replica' | 'primary'): ViewStore {
  return {
    read: async () => {
      stores.asked.push(name);
      const stored = stores[name];
      if (stored === undefined) throw new Error(`${name} is away`);
      return stored;
    },
    readPosition: async () => {
      const stored = stores[name];
      if (stored === undefined) throw new Error(`${name} is away`);
      return stored.position;
    },
  };
}
