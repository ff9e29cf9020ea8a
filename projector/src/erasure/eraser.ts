import { subjectFilters } from '@zameni/contracts';
import { batchesOrIdle, type EventLog } from '@zameni/runtime';
import { createLeaseKeeper } from '../lease/lease-keeper.ts';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
} from '../lease/leased-work.ts';
import { createDeletions, type DeletionsOptions } from './deletions.ts';
import type { EraserStore } from './store.ts';

/** What the eraser needs to run; the log is read and deleted from as the NATS user `eraser`. */
export type EraserOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs'> &
  Omit<DeletionsOptions, 'signal' | 'store' | 'log'> & {
    readonly log: DeletionsOptions['log'] & Pick<EventLog, 'readBatches'>;
    readonly store: EraserStore;
    readonly idleMs?: number;
  };

/** How many deletion records the eraser has read and not done yet. */
export type EraserProgress = { readonly left: number };

/** The eraser, which can be asked how much is left. */
export type Eraser = LeasedWork & { readonly progress: () => EraserProgress | undefined };

const MAX_RECORDS = 500;
const MAX_BYTES = 1024 * 1024;

/** Milliseconds without a batch after which the lease is renewed; with load it is no more often. */
const IDLE_MS = 1_000;

/**
 * Deletion records that may be under work; with more, reading waits too. Many may wait for a read
 * model that is stalled, at a kilobyte each, and must not hold up the deletion of others' keys.
 */
const MAX_OPEN = 10_000;

/**
 * Deletes from the log what commits leave to be deleted: claims that were released, attempts that were
 * closed or whose address was erased, the keys of erased people. Each commit says so in a deletion
 * record, which is deleted last; so the log itself tells what is left, and there is no checkpoint that
 * could pass over something: the worse failure is a key that stays for ever. Whatever is cut short is
 * done again, and two erasers at once find each other's messages gone.
 */
export function createEraser(options: EraserOptions): Eraser {
  let progress: EraserProgress | undefined;
  const tell = (next: EraserProgress | undefined) => (progress = next);
  const work = createLeasedWork({
    ...options,
    name: 'eraser',
    work: (run) => erase(options, run, tell).finally(() => tell(undefined)),
  });
  return { ...work, progress: () => progress };
}

async function erase(
  options: EraserOptions,
  { signal, onProgress }: LeasedRun,
  tell: (progress: EraserProgress) => void,
): Promise<void> {
  const { log, store, idleMs = IDLE_MS } = options;
  const readOptions = {
    filters: [subjectFilters.deletions],
    after: 0,
    maxRecords: MAX_RECORDS,
    maxBytes: MAX_BYTES,
  };
  const read = (end: AbortSignal) => log.readBatches(readOptions, end);
  await using deletions = createDeletions({ ...options, signal });
  const keepLease = createLeaseKeeper({ renewLease }, idleMs);

  for await (const batch of batchesOrIdle(read, idleMs, signal)) {
    for (const record of batch ?? []) {
      deletions.begin(record);
      while (deletions.open() >= MAX_OPEN) {
        await deletions.untilDone(idleMs);
        if (!(await goOn())) return;
      }
    }
    if (!(await goOn())) return;
  }

  /** Tells what is left; answers false when the lease is lost. */
  async function goOn(): Promise<boolean> {
    tell({ left: deletions.open() });
    return keepLease();
  }

  /** A stall is over when nothing has failed until the lease is renewed; there is no position to tell. */
  async function renewLease(): Promise<boolean> {
    const isOurs = await store.renewLease();
    if (isOurs) onProgress(0, false);
    return isOurs;
  }
}
