import type { ProjectionStore, RowBatch } from './projection-store.ts';

/** A checkpoint and a lease that several stores share, as processes share a database. */
export type SharedCheckpoint = {
  position: number;
  holder: string | undefined;
  applied: RowBatch[];
};

/** A checkpoint nobody holds. */
export function createSharedCheckpoint(): SharedCheckpoint {
  return { position: 0, holder: undefined, applied: [] };
}

/** One process's view of a shared checkpoint; its lease never runs out by itself. */
export function createMemoryStore(shared: SharedCheckpoint, me: string): ProjectionStore {
  return {
    takeLease: async () => {
      if (shared.holder !== undefined && shared.holder !== me) return undefined;
      shared.holder = me;
      return shared.position;
    },
    renewLease: async () => shared.holder === me,
    releaseLease: async () => {
      if (shared.holder === me) shared.holder = undefined;
    },
    readPosition: async () => shared.position,
    apply: async (batch) => {
      if (shared.holder !== me || shared.position !== batch.from) return false;
      shared.position = batch.to;
      shared.applied.push(batch);
      return true;
    },
  };
}
