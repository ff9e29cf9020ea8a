import type { ReadLogServers, SecureDeletion } from '@zameni/runtime';
import type { EraserStore, NotedErasure } from './eraser-store.ts';

/** A lease and erasures that several erasers share, as processes share a database. */
export type SharedErasures = {
  holder: string | undefined;
  readonly noted: NotedErasure[];
};

/** A lease nobody holds, and no erasures. */
export function createSharedErasures(): SharedErasures {
  return { holder: undefined, noted: [] };
}

/** One process's view of shared erasures; its lease never runs out by itself. */
export function createMemoryEraserStore(shared: SharedErasures, me: string): EraserStore {
  return {
    takeLease: async () => {
      if (shared.holder !== undefined && shared.holder !== me) return undefined;
      shared.holder = me;
      return 0;
    },
    renewLease: async () => shared.holder === me,
    releaseLease: async () => {
      if (shared.holder === me) shared.holder = undefined;
    },
    readPosition: async () => 0,
    noteErasure: async (erasure) => void shared.noted.push(erasure),
  };
}

/** Servers that are all where the leader is. */
export const wholeCluster: ReadLogServers = async () => {
  return { head: Number.MAX_SAFE_INTEGER, leader: 'n1', silent: [], catchingUp: [] };
};

/** A deletion that is written down instead of done. */
type Deleted = { readonly subject: string; readonly upTo: number };

/** Writes down what is to be deleted; the log in memory forgets nothing. */
export function createRecordingDeletion(): SecureDeletion & { readonly deleted: Deleted[] } {
  const deleted: Deleted[] = [];
  return {
    deleted,
    deleteUpTo: async (subject, upTo) => {
      deleted.push({ subject, upTo });
      return 1;
    },
  };
}
