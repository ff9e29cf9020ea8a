import { subjectFilters, subjects } from '@zameni/contracts';
import {
  createBackoff,
  delay,
  type EventLog,
  type LogRecord,
  type SecureDeletion,
} from '@zameni/runtime';
import { batchesOrIdle } from './batches-or-idle.ts';
import type { EraserStore } from './eraser-store.ts';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
} from './leased-work.ts';
import { type ToForget, toForget } from './to-forget.ts';

/** What the eraser needs to run; the log is read and deleted from as the NATS user `eraser`. */
export type EraserOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs'> & {
  readonly log: Pick<EventLog, 'readBatches' | 'head'>;
  readonly deletion: SecureDeletion;
  readonly store: EraserStore;
  readonly idleMs?: number;
  readonly lingerMs?: number;
};

const MAX_RECORDS = 1_000;
const MAX_BYTES = 1024 * 1024;

/** Milliseconds without a batch after which the lease is renewed; with load it is no more often. */
const IDLE_MS = 1_000;

/** Milliseconds between batches: nothing waits for the eraser, and each costs CPU however small. */
const LINGER_MS = 100;

/** How often to look whether the projection has come to an erasure. */
const ROW_BACKOFF = { baseMs: 20, maxMs: 1_000 };

/**
 * Deletes from the log what is to be forgotten: the messages of claims that were released, the keys
 * of people who were erased. It follows the log behind a checkpoint, which moves only past what is
 * deleted; the worse failure is a key that stays for ever. Whatever is cut short is done again from
 * the checkpoint, and two erasers at once find each other's messages gone.
 */
export function createEraser(options: EraserOptions): LeasedWork {
  return createLeasedWork({ ...options, name: 'eraser', work: (run) => erase(options, run) });
}

async function erase(options: EraserOptions, { from, signal, onProgress }: LeasedRun) {
  const { log, deletion, store, idleMs = IDLE_MS, lingerMs = LINGER_MS } = options;
  const readOptions = {
    filters: [subjects.claim('*'), subjectFilters.accounts],
    after: from,
    maxRecords: MAX_RECORDS,
    maxBytes: MAX_BYTES,
  };
  const read = (end: AbortSignal) => log.readBatches(readOptions, end);
  let stored = from;
  let position = from;
  let renewedAtMs = performance.now();

  for await (const batch of batchesOrIdle(read, idleMs, signal)) {
    for (const record of batch ?? []) {
      const wanted = toForget(record);
      if (wanted !== undefined && !(await forget(wanted, record))) return;
      position = record.position;
      if (wanted !== undefined && !(await keepLease())) return;
    }
    if (!(await keepLease())) return;
    onProgress(position, false);
    if (batch !== undefined && batch.length < MAX_RECORDS) await rest(lingerMs, signal);
  }

  /** Deletes, and writes down a person's erasure; answers false when the lease is lost meanwhile. */
  async function forget(wanted: ToForget, record: LogRecord): Promise<boolean> {
    // A server that was the leader and does not know better yet would say that nothing is there.
    if ((await log.head(signal)) < record.position) throw new StaleLeaderError();
    await deletion.deleteUpTo(wanted.subject, wanted.upTo, signal);
    return wanted.userId === undefined || settle(wanted.userId);
  }

  /** Waits for the projection to write the erasure's row: without it nobody would learn of this. */
  async function settle(userId: string): Promise<boolean> {
    const backoff = createBackoff(ROW_BACKOFF);
    while (!(await store.markErasedFromLog(userId))) {
      await delay(backoff.nextMs(), signal);
      if (!(await keepLease())) return false;
      onProgress(position, false);
    }
    return true;
  }

  /** Moves the checkpoint or renews the lease when it is time; answers false when it is lost. */
  async function keepLease(): Promise<boolean> {
    if (performance.now() - renewedAtMs < idleMs) return true;
    const isOurs = await (position > stored ? store.moveTo(stored, position) : store.renewLease());
    stored = position;
    renewedAtMs = performance.now();
    return isOurs;
  }
}

/** The server that answers for the log is behind what was already read from it. */
class StaleLeaderError extends Error {
  override readonly name = 'StaleLeaderError';
}

/** Waits; an abort ends it early. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, signal).catch(() => undefined);
}
