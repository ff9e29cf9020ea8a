import { subjectFilters } from '@zameni/contracts';
import { batchesOrIdle, type EventLog } from '@zameni/runtime';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
} from '../lease/work.ts';
import { createDeletions, type DeletionsOptions } from './deletions.ts';
import { reconcile, type ReconcileDeps } from './reconcile.ts';
import { createCloseTail, type TailDeps } from './close-tail.ts';
import type { EraserStore } from './store.ts';

/** Dependencies of the eraser. It reads and deletes from the log as the NATS user `eraser`. */
export type EraserOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs' | 'renewMs'> &
  Omit<DeletionsOptions, 'signal' | 'store' | 'log' | 'onStuck' | 'onDone'> & {
    readonly log: DeletionsOptions['log'] & TailDeps['log'] & Pick<EventLog, 'readBatches'>;
    readonly store: EraserStore;
    readonly idleMs?: number;
    readonly reconcileMs?: number;
  };

/**
 * Progress of the eraser: `left` is the number of deletion records that are read and unfinished,
 * `stuck` the number of those that cannot be done, `stuckReason` why the oldest one cannot.
 */
export type EraserProgress = {
  readonly left: number;
  readonly stuck: number;
  readonly stuckReason?: string;
};

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
 * because deleting a deleted record does nothing. A record that cannot be done is logged once.
 */
export function createEraser(options: EraserOptions): Eraser {
  let progress: EraserProgress | undefined;
  const logged = new Set<number>();
  const report = (next: EraserProgress | undefined) => (progress = next);
  const work = createLeasedWork({
    ...options,
    name: 'eraser',
    work: (run) => erase(options, run, { logged, report }).finally(() => report(undefined)),
  });
  return { ...work, progress: () => progress };
}

/** The records that are logged as impossible, and where progress is told. */
type Reports = {
  readonly logged: Set<number>;
  readonly report: (progress: EraserProgress) => void;
};

async function erase(
  options: EraserOptions,
  { signal, onProgress }: LeasedRun,
  { logged, report }: Reports,
): Promise<void> {
  const { log, logger, idleMs = IDLE_MS } = options;
  const readOptions = {
    filters: [subjectFilters.deletions],
    after: 0,
    maxRecords: MAX_RECORDS,
    maxBytes: MAX_BYTES,
  };
  const read = (end: AbortSignal) => log.readBatches(readOptions, end);
  const closeTail = createCloseTail(options);
  await using deletions = createDeletions({
    ...options,
    signal,
    onStuck: ({ position, reason }) => {
      if (!logged.has(position)) logger.error({ position, reason }, 'a deletion cannot be done');
      logged.add(position);
    },
    onDone: (position) => void logged.delete(position),
  });
  await using _reconciling = startReconciling(options, deletions.open, signal);
  let progressAtMs = performance.now();

  for await (const batch of batchesOrIdle(read, idleMs, signal)) {
    for (const record of batch ?? []) {
      deletions.begin(record);
      while (deletions.open().size >= MAX_OPEN) {
        await deletions.untilDone(idleMs);
        if (signal.aborted) return;
        reportProgress();
      }
    }
    if (batch === undefined) await closeTail(signal);
    reportProgress();
  }

  /**
   * Not at once: deletions that were just begun may meet the fault of the stall again. There is no
   * position to report.
   */
  function reportProgress(): void {
    const stuck = deletions.stuck();
    const [oldest] = stuck;
    const reason = oldest === undefined ? {} : { stuckReason: oldest.reason };
    report({ left: deletions.open().size, stuck: stuck.length, ...reason });
    if (performance.now() - progressAtMs < idleMs) return;
    progressAtMs = performance.now();
    onProgress(0);
  }
}

function startReconciling(
  { log, servers, store, logger, reconcileMs }: EraserOptions,
  open: ReconcileDeps['open'],
  signal: AbortSignal,
): AsyncDisposable {
  const stopping = new AbortController();
  const deps = { log, servers, store, open, logger };
  const running = reconcile(
    reconcileMs === undefined ? deps : { ...deps, everyMs: reconcileMs },
    AbortSignal.any([signal, stopping.signal]),
  );
  return {
    [Symbol.asyncDispose]: () => {
      stopping.abort();
      return running;
    },
  };
}
