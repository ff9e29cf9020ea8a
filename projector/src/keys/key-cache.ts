import type { DataKey } from '@zameni/runtime';

/** Cache of people's open data keys. */
export type KeyCache = {
  readonly get: (userId: string) => DataKey | undefined;
  readonly set: (userId: string, key: DataKey) => void;
  readonly evict: (userId: string) => void;
  readonly clear: () => void;
};

/** Keeps at most `maxKeys` keys and evicts the least recently used one. */
export function createKeyCache(maxKeys: number): KeyCache {
  // A Map iterates in order of insertion, so the first key is the least recently used one.
  const keys = new Map<string, DataKey>();
  return {
    get: (userId) => {
      const key = keys.get(userId);
      if (key === undefined) return undefined;
      keys.delete(userId);
      keys.set(userId, key);
      return key;
    },
    set: (userId, key) => {
      keys.delete(userId);
      keys.set(userId, key);
      const oldest = keys.keys().next();
      if (keys.size > maxKeys && oldest.done !== true) keys.delete(oldest.value);
    },
    evict: (userId) => void keys.delete(userId),
    clear: () => keys.clear(),
  };
}
