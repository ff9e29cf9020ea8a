import { parseDeletionRecord, UnreadableRecordError } from '@zameni/contracts';
import {
  createBackoff,
  delay,
  DistrustedLeaderError,
  isAbsent,
  type LogRecord,
  type ReadLogServers,
  type SecureDeletion,
  StaleLeaderError,
} from '@zameni/runtime';
import { createSlots } from '../async/slots.ts';
import { toFaultReason } from '../lease/fault-reason.ts';
import { createAddressAttempts } from './address-attempts.ts';
import { createCoveredPosition } from './covered-position.ts';
import { deleteNamed, type OpenRecord } from './delete-named.ts';
import { createDeletionTurns } from './deletion-turns.ts';
import { ForgedRecordError, type JudgeDeps } from './judge-record.ts';
import { createServersBehind } from './servers-behind.ts';
import type { EraserStore } from './store.ts';
import type { VoidAttemptDeps } from './void-attempt.ts';

/** Dependencies of deleting; `servers` reads which servers of the log may miss a deletion. */
export type DeletionsOptions = Pick<VoidAttemptDeps, 'now'> &
  Pick<JudgeDeps, 'claims'> & {
    readonly log: VoidAttemptDeps['log'] & JudgeDeps['log'];
    readonly deletion: SecureDeletion;
    readonly servers: ReadLogServers;
    readonly store: Pick<
      EraserStore,
      'noteErasure' | 'readCoveredPosition' | 'findAttempts' | 'removeAttempt' | 'clearClaim'
    >;
    readonly signal: AbortSignal;
    /** Called at each failed try of a record that others do not share, and when it is done. */
    readonly onStuck: (stuck: StuckRecord) => void;
    readonly onDone: (position: number) => void;
    readonly sliceMs?: number;
    readonly graceMs?: number;
    readonly retry?: { readonly baseMs: number; readonly maxMs: number };
  };

/** A deletion record that cannot be done, and why. */
export type StuckRecord = { readonly position: number; readonly reason: string };

/** Lets later records of the same claims go on. */
type Pass = PromiseWithResolvers<void>;

/** Processes several deletion records concurrently. */
export type Deletions = AsyncDisposable & {
  /** Starts to delete everything that a deletion record names, and then the record itself. */
  readonly begin: (record: LogRecord) => void;
  /** The unfinished deletion records, by subject. Throws the fault that stops all of them. */
  readonly open: () => ReadonlyMap<string, OpenRecord>;
  /** The unfinished deletion records whose last try failed, the oldest first. */
  readonly stuck: () => readonly StuckRecord[];
  /** Resolves when one more is done or has failed, or after the given time. */
  readonly untilDone: (withinMs: number) => Promise<void>;
};

/**
 * Concurrent queries to log and database. A backlog of a thousand erasures must leave connections
 * for the projection. Queries have slots of their own, because a turn in the other slots takes up
 * to a second.
 */
const MAX_QUESTIONS = 4;

const SLICE_MS = 1_000;

/** Milliseconds that a server has to catch up before its name is recorded. */
const GRACE_MS = 5_000;

/** Pauses between tries of one record. The first ones are short, because a `DELETE` waits for it. */
const RETRY = { baseMs: 250, maxMs: 5 * 60 * 1_000 };

/**
 * Deletion records are independent. One that cannot be done stays open and is tried again after
 * growing pauses; the others go on. Only a fault of log or database itself ends the work of all:
 * another process may reach what this one does not.
 *
 * Records that name the same claim are the exception: a later one waits for an earlier one, unless
 * that is unreadable or forged.
 */
export function createDeletions(options: DeletionsOptions): Deletions {
  const { deletion, servers, store, onStuck, onDone, retry = RETRY } = options;
  const { sliceMs = SLICE_MS, graceMs = GRACE_MS } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const questions = createSlots(MAX_QUESTIONS);
  const turns = createDeletionTurns({ deletion, signal, sliceMs });
  const covered = createCoveredPosition({ read: store.readCoveredPosition, signal });
  const onAddresses = createAddressAttempts({ ...options, covered, questions, signal });
  const ask: ReadLogServers = (end) => questions.run(() => servers(end));
  const behind = createServersBehind({ servers: ask, signal, graceMs });
  const deps = { ...options, turns, covered, onAddresses, behind, questions, signal };
  const open = new Map<string, OpenRecord>();
  const stuck = new Map<string, StuckRecord>();
  const tasks = new Set<Promise<void>>();
  /** For each claim, the end of the newest deletion that names it. */
  const newest = new Map<string, Promise<void>>();
  let fault: { readonly error: unknown } | undefined;
  let oneMore = Promise.withResolvers<void>();

  function begin(record: LogRecord): void {
    const content = parseDeletionRecord(record.data);
    const claims = content?.claims ?? [];
    // Deleting up to a later release also deletes the release of an earlier erasure. That one must
    // stay until its attempts are void.
    const earlier = claims.flatMap((k) => newest.get(k) ?? []);
    const pass = Promise.withResolvers<void>();
    const { promise: passed } = pass;
    // Most have nobody behind them.
    passed.catch(() => undefined);
    for (const k of claims) newest.set(k, passed);
    const entry = { record, content, earlier };
    open.set(record.subject, entry);
    const task = run(entry, pass).finally(() => {
      for (const k of claims) if (newest.get(k) === passed) newest.delete(k);
      tasks.delete(task);
      oneMore.resolve();
      oneMore = Promise.withResolvers();
    });
    tasks.add(task);
  }

  /** Never rejects. After a fault the record stays open, so that it does not count as done. */
  async function run(entry: OpenRecord, pass: Pass): Promise<void> {
    const { subject, position } = entry.record;
    try {
      await untilDeleted(entry, pass);
      open.delete(subject);
      stuck.delete(subject);
      onDone(position);
      pass.resolve();
    } catch (error) {
      fault ??= { error };
      pass.reject(error);
    }
  }

  /**
   * Tries again and again, until the record is gone: another eraser may have done it, or an operator
   * has removed a forged one. Throws a fault that is not of this record alone.
   */
  async function untilDeleted(entry: OpenRecord, pass: Pass): Promise<void> {
    const { subject, position } = entry.record;
    const backoff = createBackoff(retry);
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await deleteNamed(deps, entry);
      } catch (error) {
        if (await isShared(error)) throw error;
        if (isWrong(error)) pass.resolve();
        // Log or database may have been away for a moment.
        else if (isFirst) continue;
        const found = { position, reason: `record ${position}: ${toFaultReason(error)}` };
        stuck.set(subject, found);
        onStuck(found);
      }
      await delay(backoff.nextMs(), signal);
      if (await questions.run(() => isAbsent(options.log, { subject, known: position }, signal))) {
        return;
      }
    }
  }

  /** Whether log or database cannot be used at all, so that the record is not to blame. */
  async function isShared(error: unknown): Promise<boolean> {
    if (signal.aborted || error instanceof StaleLeaderError) return true;
    if (error instanceof DistrustedLeaderError) return true;
    if (isWrong(error)) return false;
    try {
      await ask(signal);
      await questions.run(() => store.readCoveredPosition());
      return false;
    } catch {
      return true;
    }
  }

  return {
    begin,
    open: () => {
      if (fault !== undefined) throw fault.error;
      return open;
    },
    stuck: () => [...stuck.values()].toSorted((a, b) => a.position - b.position),
    untilDone: async (withinMs) => {
      const waiting = new AbortController();
      const late = delay(withinMs, AbortSignal.any([signal, waiting.signal]));
      await Promise.race([late, oneMore.promise]).catch(() => undefined);
      waiting.abort();
      await late.catch(() => undefined);
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.allSettled(tasks);
    },
  };
}

/** Whether the fault lies in the log's records, so that no other try of the same will do better. */
function isWrong(error: unknown): boolean {
  return error instanceof ForgedRecordError || error instanceof UnreadableRecordError;
}
