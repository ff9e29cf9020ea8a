import { subjectFilters } from '@zameni/contracts';
import { batchesOrIdle, type EventLog } from '@zameni/runtime';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
} from '../lease/work.ts';
import { createDeletions, type DeletionsOptions } from './deletions.ts';
import type { EraserStore } from './store.ts';

/** Dependencies of the eraser. It reads and deletes from the log as the NATS user `eraser`. */
export type EraserOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs' | 'renewMs'> &
  Omit<DeletionsOptions, 'signal' | 'store' | 'log'> & {
    readonly log: DeletionsOptions['log'] & Pick<EventLog, 'readBatches'>;
    readonly store: EraserStore;
    readonly idleMs?: number;
  };

/**
 * Progress of the eraser: `left` is the number of deletion records that are read and unfinished.
 */
export type EraserProgress = { readonly left: number };

/** The eraser and its progress. */
export type Eraser = LeasedWork & { readonly progress: () => EraserProgress | undefined };

const MAX_RECORDS = 500;
const MAX_BYTES = 1024 * 1024;

/** Milliseconds between reports of progress, also when there are no records. */
const IDLE_MS = 1_000;

/**
 * Unfinished deletion records, at about a kilobyte each, before reading pauses. The bound is large,
 * because many may wait for a stalled read model and must not delay the deletion of other people's
 * keys.
 */
const MAX_OPEN = 10_000;

/**
 * Deletes released claims, closed attempts, attempts on erased addresses, and the keys of erased
 * people from the log. Each commit names them in a deletion record, which is deleted last. So the
 * log itself shows what is left, and no checkpoint can skip a record: the worse failure is a key
 * that stays permanently. Interrupted work is repeated. Two erasers at the same time are safe,
 * because deleting a deleted record does nothing.
 */
export function createEraser(options: EraserOptions): Eraser {
  let progress: EraserProgress | undefined;
  const report = (next: EraserProgress | undefined) => (progress = next);
  const work = createLeasedWork({
    ...options,
    name: 'eraser',
    work: (run) => erase(options, run, report).finally(() => report(undefined)),
  });
  return { ...work, progress: () => progress };
}

async function erase(
  options: EraserOptions,
  { signal, onProgress }: LeasedRun,
  report: (progress: EraserProgress) => void,
): Promise<void> {
  const { log, idleMs = IDLE_MS } = options;
  const readOptions = {
    filters: [subjectFilters.deletions],
    after: 0,
    maxRecords: MAX_RECORDS,
    maxBytes: MAX_BYTES,
  };
  const read = (end: AbortSignal) => log.readBatches(readOptions, end);
  await using deletions = createDeletions({ ...options, signal });
  let progressAtMs = performance.now();

  for await (const batch of batchesOrIdle(read, idleMs, signal)) {
    for (const record of batch ?? []) {
      deletions.begin(record);
      while (deletions.open() >= MAX_OPEN) {
        await deletions.untilDone(idleMs);
        if (signal.aborted) return;
        reportProgress();
      }
    }
    reportProgress();
  }

  /**
   * Not at once: deletions that were just begun may meet the fault of the stall again. There is no
   * position to report.
   */
  function reportProgress(): void {
    report({ left: deletions.open() });
    if (performance.now() - progressAtMs < idleMs) return;
    progressAtMs = performance.now();
    onProgress(0);
  }
}
