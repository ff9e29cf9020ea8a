import type { DataKey } from '@zameni/runtime';

/** Cache of people's open data keys. */
export type KeyCache = {
  readonly get: (userId: string) => DataKey | undefined;
  readonly set: (userId: string, key: DataKey) => void;
  readonly evict: (userId: string) => void;
  readonly clear: () => void;
};

/**
 * Keeps at most `maxKeys` keys, in two generations. When the young one is half of them, the old one
 * is dropped and the young one becomes old. A used key moves to the young one. A single map that
 * drops its first key would search for that key among the dropped ones at each insertion, which
 * took 10 % of the projector.
 */
export function createKeyCache(maxKeys: number): KeyCache {
  let young = new Map<string, DataKey>();
  let old = new Map<string, DataKey>();
  const set = (userId: string, key: DataKey) => {
    old.delete(userId);
    young.set(userId, key);
    if (young.size < maxKeys / 2) return;
    old = young;
    young = new Map();
  };
  return {
    get: (userId) => {
      const key = young.get(userId);
      if (key !== undefined) return key;
      const older = old.get(userId);
      if (older !== undefined) set(userId, older);
      return older;
    },
    set,
    evict: (userId) => {
      young.delete(userId);
      old.delete(userId);
    },
    clear: () => {
      young.clear();
      old.clear();
    },
  };
}
