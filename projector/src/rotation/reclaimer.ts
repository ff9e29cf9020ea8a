import { subjectFilters } from '@zameni/contracts';
import {
  type ClaimLayers,
  claimStateOf,
  delay,
  type EventLog,
  type KeyRingSource,
  readToEnd,
  toClaimLayers,
} from '@zameni/runtime';
import { createLeaseKeeper } from '../lease/lease-keeper.ts';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
  type LeaseStore,
} from '../lease/leased-work.ts';
import { type ClaimMoverDeps, moveClaims } from './claim-mover.ts';

/** What the reclaimer needs to run; the log is read, written and deleted from as user `eraser`. */
export type ReclaimerOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs'> &
  Omit<ClaimMoverDeps, 'log'> & {
    readonly log: ClaimMoverDeps['log'] & Pick<EventLog, 'readBatches' | 'readFirst' | 'head'>;
    readonly peppers: Pick<KeyRingSource, 'current'>;
    readonly store: LeaseStore;
    readonly idleMs?: number;
  };

/** How far the work of a rotation's phase is. */
export type ReclaimProgress = {
  /** The layer and the phase that the rest is about. */
  readonly phase: string;
  /** Whether a reading of all claims, begun in this phase, found nothing left to do. */
  readonly isDone: boolean;
  /** Claims that the last reading found in need of it, or this one has found so far. */
  readonly found: number;
};

/** The reclaimer, which can be asked how far it is. */
export type Reclaimer = LeasedWork & { readonly progress: () => ReclaimProgress | undefined };

/**
 * Claims that are read at once, between which the lease is renewed: all copies of a batch are one
 * append, each deletion is a few questions to the log.
 */
const MAX_RECORDS = { none: 1, copy: 250, delete: 24 } as const;

/** Milliseconds between looks at the ring, and after which the lease is renewed. */
const IDLE_MS = 1_000;

/**
 * Moves claims to the layer of a new pepper: copies them in one phase of a rotation, deletes the old
 * ones in another (runtime/src/keys/claim-phases.ts). What there is to do follows from ring and log alone, so
 * after a fault, a kill or a change of the ring all claims are read from the start. Nothing is done when
 * a whole reading found nothing to do; to say so too early is the worse failure, to read once more the
 * lesser. Without a rotation nothing is read.
 */
export function createReclaimer(options: ReclaimerOptions): Reclaimer {
  let progress: ReclaimProgress | undefined;
  const work = createLeasedWork({
    ...options,
    name: 'reclaimer',
    work: (run) => reclaim(options, run, (next) => (progress = next)),
  });
  return { ...work, progress: () => progress };
}

async function reclaim(
  options: ReclaimerOptions,
  { signal, onProgress }: LeasedRun,
  tell: (progress: ReclaimProgress | undefined) => void,
): Promise<void> {
  const { log, peppers, store, idleMs = IDLE_MS } = options;
  let done: string | undefined;
  const keepLease = createLeaseKeeper(store, idleMs);

  while (await keepLease()) {
    const ring = peppers.current();
    const layers = toClaimLayers(ring);
    const isWanted = layers !== undefined && layers.work !== 'none';
    if (!isWanted) tell(undefined);
    else if (done !== claimStateOf(ring)) {
      const found = await pass(layers);
      if (found === undefined) return;
      if (found === 0) done = layers.state;
      tell({ phase: layers.state, isDone: found === 0, found });
    }
    onProgress(0, isWanted);
    await delay(idleMs, signal).catch(() => undefined);
    if (signal.aborted) return;
  }

  /** Reads all claims once; answers how many needed work, undefined when the lease is lost. */
  async function pass(layers: ClaimLayers): Promise<number | undefined> {
    let found = 0;
    const what = { filter: subjectFilters.claims, after: 0, maxRecords: MAX_RECORDS[layers.work] };
    for await (const records of readToEnd(log, what, signal)) {
      found += await moveClaims(options, { layers, records }, signal);
      onProgress(records.at(-1)?.position ?? 0, found > 0);
      tell({ phase: layers.state, isDone: false, found });
      if (!(await keepLease())) return undefined;
    }
    return found;
  }
}
