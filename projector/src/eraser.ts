import { recordKind, subjectFilters } from '@zameni/contracts';
import { batchesOrIdle, delay, type EventLog } from '@zameni/runtime';
import type { EraserStore } from './eraser-store.ts';
import { createForgetting, type ForgettingOptions } from './forgetting.ts';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
} from './leased-work.ts';
import { toForget } from './to-forget.ts';

/** What the eraser needs to run; the log is read and deleted from as the NATS user `eraser`. */
export type EraserOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs'> &
  Omit<ForgettingOptions, 'signal' | 'store'> & {
    readonly log: Pick<EventLog, 'readBatches'>;
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

/** Subjects that may wait to be forgotten; with more, reading waits too. */
const MAX_OPEN = 1_000;

/**
 * Deletes from the log what is to be forgotten: the messages of claims that were released, the keys
 * of people who were erased or superseded. It follows the log behind a checkpoint, which moves only
 * past what is deleted and written down; the worse failure is a key that stays for ever. Whatever is
 * cut short is done again from the checkpoint, and two erasers at once find each other's messages gone.
 */
export function createEraser(options: EraserOptions): LeasedWork {
  return createLeasedWork({ ...options, name: 'eraser', work: (run) => erase(options, run) });
}

async function erase(options: EraserOptions, { from, signal, onProgress }: LeasedRun) {
  const { log, store, idleMs = IDLE_MS, lingerMs = LINGER_MS } = options;
  const readOptions = {
    filters: [subjectFilters.claims, subjectFilters.accounts],
    after: from,
    maxRecords: MAX_RECORDS,
    maxBytes: MAX_BYTES,
  };
  const read = (end: AbortSignal) => log.readBatches(readOptions, end);
  await using forgetting = createForgetting({ ...options, signal });
  let stored = from;
  let position = from;
  let renewedAtMs = performance.now();

  for await (const batch of batchesOrIdle(read, idleMs, signal)) {
    for (const record of batch ?? []) {
      const wanted = toForget(record);
      if (wanted !== undefined) forgetting.begin(wanted, record.position);
      if (recordKind(record.subject) === 'account') forgetting.endCommit();
      position = record.position;
      while (forgetting.open().count >= MAX_OPEN) {
        await forgetting.untilDone(idleMs);
        if (!(await keepUp())) return;
      }
    }
    if (!(await keepUp())) return;
    if (batch !== undefined && batch.length < MAX_RECORDS) await rest(lingerMs, signal);
  }

  /** Moves the checkpoint when it is time; answers false when it is lost. */
  async function keepUp(): Promise<boolean> {
    if (performance.now() - renewedAtMs < idleMs) return true;
    const { oldest = position + 1 } = forgetting.open();
    const to = Math.max(stored, Math.min(position, oldest - 1));
    const isOurs = await (to > stored ? store.moveTo(stored, to) : store.renewLease());
    stored = to;
    renewedAtMs = performance.now();
    if (isOurs) onProgress(to, false);
    return isOurs;
  }
}

/** Waits; an abort ends it early. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, signal).catch(() => undefined);
}
