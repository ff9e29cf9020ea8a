import { subjectFilters, subjects } from '@zameni/contracts';
import {
  batchesOrIdle,
  delay,
  type EventLog,
  type LogRecord,
  type SecureDeletion,
} from '@zameni/runtime';
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

/** Erasures that may wait for the projection to write their row; with more, reading waits too. */
const MAX_UNSETTLED = 1_000;

/**
 * Deletes from the log what is to be forgotten: the messages of claims that were released, the keys
 * of people who were erased. It follows the log behind a checkpoint, which moves only past what is
 * deleted and written down; the worse failure is a key that stays for ever. An erasure is written down
 * in the row that the projection makes of it; while the projection stands still, keys are deleted all
 * the same. Whatever is cut short is done again from
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
  // People whose keys are deleted and whose erasure the projection has not come to yet, oldest first.
  const unsettled: { readonly userId: string; readonly position: number }[] = [];
  let stored = from;
  let position = from;
  let renewedAtMs = performance.now();

  for await (const batch of batchesOrIdle(read, idleMs, signal)) {
    for (const record of batch ?? []) {
      const wanted = toForget(record);
      if (wanted !== undefined) await forget(wanted, record);
      position = record.position;
      while (unsettled.length === MAX_UNSETTLED) {
        if (!(await keepUp())) return;
        await delay(idleMs, signal);
      }
      if (wanted !== undefined && !(await keepUp())) return;
    }
    if (!(await keepUp())) return;
    if (batch !== undefined && batch.length < MAX_RECORDS) await rest(lingerMs, signal);
  }

  async function forget({ subject, upTo, userId }: ToForget, record: LogRecord): Promise<void> {
    // A server that was the leader and does not know better yet would say that nothing is there.
    if ((await log.head(signal)) < record.position) throw new StaleLeaderError();
    await deletion.deleteUpTo(subject, upTo, signal);
    if (userId !== undefined && !(await store.markErasedFromLog(userId))) {
      unsettled.push({ userId, position: record.position });
    }
  }

  /** Settles what it can and moves the checkpoint when it is time; answers false when it is lost. */
  async function keepUp(): Promise<boolean> {
    if (performance.now() - renewedAtMs < idleMs) return true;
    for (let first = unsettled[0]; first !== undefined; first = unsettled[0]) {
      if (!(await store.markErasedFromLog(first.userId))) break;
      unsettled.shift();
    }
    const to = Math.min(position, (unsettled[0]?.position ?? Number.POSITIVE_INFINITY) - 1);
    const isOurs = await (to > stored ? store.moveTo(stored, to) : store.renewLease());
    stored = to;
    renewedAtMs = performance.now();
    if (isOurs) onProgress(to, false);
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
