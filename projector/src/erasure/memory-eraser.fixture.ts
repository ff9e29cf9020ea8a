import { parseAttemptRecord, parseOrThrow, subjectFilters, subjects } from '@zameni/contracts';
import type { EventLog, LogRecord, ReadLogServers, SecureDeletion } from '@zameni/runtime';
import { keepClaim, toAttemptRow } from '../read-models/attempts/fold.ts';
import type { AttemptRow } from '../read-models/attempts/rows.ts';
import type { AttemptsOnAddress, EraserStore, NotedErasure, UnmarkedErasure } from './store.ts';

const { signal } = new AbortController();

/** A lease, erasures and a read model that several erasers share, as processes share a database. */
export type SharedErasures = {
  holder: string | undefined;
  readonly noted: NotedErasure[];
  /** Erasures of which the database lost the end. */
  readonly unmarked: UnmarkedErasure[];
  /** Position that the live read model covers. */
  covered: number;
  /** Position at which the read model stops. */
  end: number;
  readonly attempts: Map<string, AttemptRow>;
  /** Attempts that one query finds. */
  readonly maxFound: number;
  /** Moves the read model to the end of the log, or to its stop. */
  readonly project: () => Promise<void>;
};

/** A free lease, no erasures, and a read model that follows a log on request. */
export function createSharedErasures(log: EventLog, maxFound = 2): SharedErasures {
  const attempts = new Map<string, AttemptRow>();
  const shared: SharedErasures = {
    holder: undefined,
    noted: [],
    unmarked: [],
    covered: 0,
    end: Number.MAX_SAFE_INTEGER,
    attempts,
    maxFound,
    project: async () => {
      const to = Math.min(shared.end, await log.head(signal));
      for (let after = shared.covered; ; ) {
        const record = await log.readFirst(subjectFilters.attempts, signal, after);
        if (record === undefined || record.position > to) break;
        after = record.position;
        const row = rowOf(record);
        attempts.set(row.attemptId, keepClaim(row, attempts.get(row.attemptId)));
      }
      shared.covered = Math.max(shared.covered, to);
    },
  };
  return shared;
}

function rowOf(logged: LogRecord): AttemptRow {
  const { subject, position } = logged;
  const attemptId = subject.slice(subjects.attempt('').length);
  const record = parseOrThrow(parseAttemptRecord, logged);
  return toAttemptRow({ attemptId, position, record, traceparent: undefined });
}

/** One process's view of shared erasures; its lease never runs out by itself. */
export function createMemoryEraserStore(shared: SharedErasures, me: string): EraserStore {
  const find = ({ claim, before }: AttemptsOnAddress) =>
    [...shared.attempts.values()].filter(
      (row) => row.claim === claim && (row.position < before || row.state === 'void'),
    );
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
    findUnmarked: async (after) => shared.unmarked.filter(({ position }) => position > after),
    readCoveredPosition: async () => {
      await shared.project();
      return shared.covered;
    },
    findAttempts: async (which) => {
      const found = find(which).slice(0, shared.maxFound);
      return { ids: found.map(({ attemptId }) => attemptId), covered: shared.covered };
    },
    removeAttempt: async (id, which) => {
      if (find(which).some(({ attemptId }) => attemptId === id)) shared.attempts.delete(id);
    },
    clearClaim: async (id, which) => {
      const row = find(which).find(({ attemptId }) => attemptId === id);
      if (row !== undefined) shared.attempts.set(id, { ...row, claim: null });
    },
  };
}

/** Servers that all have caught up with the leader. */
export const wholeCluster: ReadLogServers = async () => {
  return {
    head: Number.MAX_SAFE_INTEGER,
    leader: 'n1',
    names: ['n1', 'n2', 'n3'],
    silent: [],
    catchingUp: [],
  };
};

/** Arguments of a deletion. */
type Deleted = { readonly subject: string; readonly upTo: number };

/** Deletes from a log and records the arguments. */
export function createRecordingDeletion(
  log: SecureDeletion,
): SecureDeletion & { readonly deleted: Deleted[] } {
  const deleted: Deleted[] = [];
  return {
    deleted,
    deleteUpTo: async (subject, upTo, signal) => {
      deleted.push({ subject, upTo });
      return log.deleteUpTo(subject, upTo, signal);
    },
  };
}

/** A log that holds back appends to attempts until `letGo` is called. */
export function createStuckLog<Log extends EventLog>(
  log: Log,
): { readonly log: Log; readonly letGo: () => void; readonly stuck: () => number } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let stuck = 0;
  return {
    log: {
      ...log,
      append: async (messages, signal) => {
        if (messages.some(({ subject }) => subject.startsWith(subjects.attempt('')))) {
          stuck += 1;
          const aborted = new Promise<void>((stop) => {
            signal.addEventListener('abort', () => stop(), { once: true });
          });
          await Promise.race([promise, aborted]);
          stuck -= 1;
        }
        return log.append(messages, signal);
      },
    },
    letGo: resolve,
    stuck: () => stuck,
  };
}
