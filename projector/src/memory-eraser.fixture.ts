import type { ReadLogServers, SecureDeletion } from '@zameni/runtime';
import type { AttemptsOnAddress, EraserStore, NotedErasure } from './eraser-store.ts';

/** Attempts found at once. */
const MAX_FOUND = 2;

/** A lease and erasures that several erasers share, as processes share a database. */
export type SharedErasures = {
  holder: string | undefined;
  readonly noted: NotedErasure[];
  /** How far the live read model is. */
  covered: number;
  /** Rows of attempts whose address is erased: id, claim and position. */
  attempts: readonly { readonly id: string; readonly claim: string; readonly position: number }[];
};

/** A lease nobody holds, and no erasures. */
export function createSharedErasures(): SharedErasures {
  return { holder: undefined, noted: [], covered: Number.MAX_SAFE_INTEGER, attempts: [] };
}

/** One process's view of shared erasures; its lease never runs out by itself. */
export function createMemoryEraserStore(shared: SharedErasures, me: string): EraserStore {
  const find = ({ claim, before }: AttemptsOnAddress) =>
    shared.attempts.filter((row) => row.claim === claim && row.position < before);
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
    readCoveredPosition: async () => shared.covered,
    findAttempts: async (which) =>
      find(which)
        .slice(0, MAX_FOUND)
        .map(({ id }) => id),
    removeAttempts: async (ids, which) => {
      const gone = new Set(find(which).filter(({ id }) => ids.includes(id)));
      shared.attempts = shared.attempts.filter((row) => !gone.has(row));
    },
  };
}

/** Servers that are all where the leader is. */
export const wholeCluster: ReadLogServers = async () => {
  return { head: Number.MAX_SAFE_INTEGER, leader: 'n1', silent: [], catchingUp: [] };
};

/** A deletion that is written down instead of done. */
type Deleted = { readonly subject: string; readonly upTo: number };

/** Writes down what is to be deleted; the log in memory keeps everything. */
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
