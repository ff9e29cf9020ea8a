import { randomBytes, randomUUID } from 'node:crypto';
import {
  type ClaimRecord,
  type DeletionRecord,
  subjectFilters,
  subjects,
  UnreadableRecordError,
} from '@zameni/contracts';
import {
  type ClaimLayers,
  claimStateOf,
  delay,
  type EventLog,
  type KeyRingSource,
  type LogMessage,
  type PepperRing,
  readToProvenEnd,
  toClaimLayers,
} from '@zameni/runtime';
import {
  createLeasedWork,
  type LeasedRun,
  type LeasedWork,
  type LeasedWorkOptions,
  type LeaseStore,
} from '../lease/work.ts';
import { type ClaimMoverDeps, moveClaims } from './claim-mover.ts';

/** Dependencies of the reclaimer. It reads, writes and deletes in the log as user `eraser`. */
export type ReclaimerOptions = Pick<LeasedWorkOptions, 'logger' | 'standbyMs' | 'renewMs'> &
  Omit<ClaimMoverDeps, 'log'> & {
    readonly log: ClaimMoverDeps['log'] & Pick<EventLog, 'readBatches' | 'readFirst' | 'head'>;
    readonly peppers: Pick<KeyRingSource<PepperRing>, 'current'>;
    readonly store: LeaseStore;
    readonly idleMs?: number;
  };

/** Progress of the work of a rotation's phase. */
export type ReclaimProgress = {
  /** The layer and the phase that the other fields are about. */
  readonly phase: string;
  /** Whether a pass over all claims, started in this phase, found nothing to do. */
  readonly isDone: boolean;
  /** Claims to move that the last pass found, or that the current pass found so far. */
  readonly found: number;
};

/** The reclaimer and its progress. */
export type Reclaimer = LeasedWork & { readonly progress: () => ReclaimProgress | undefined };

/**
 * Claims per batch, after which progress is reported. All copies of a batch are one append, while
 * each deletion takes several requests to the log.
 */
const MAX_RECORDS = { none: 1, copy: 250, delete: 24 } as const;

/** Milliseconds between checks of the ring. */
const IDLE_MS = 1_000;

/**
 * Moves claims to the layer of a new pepper. One phase of a rotation copies them, another deletes
 * the old ones (runtime/src/keys/claim-phases.ts). The work follows from ring and log alone, so
 * after a fault, a crash or a change of the ring all claims are read from the start. A phase is
 * done when a whole pass found nothing to do, up to an end that is proved. The worse failure is to
 * report this too early; one more pass is the lesser. Without a rotation nothing is read.
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
  report: (progress: ReclaimProgress | undefined) => void,
): Promise<void> {
  const { log, peppers, idleMs = IDLE_MS } = options;
  let done: string | undefined;

  while (!signal.aborted) {
    const ring = peppers.current();
    const layers = toClaimLayers(ring);
    const isWanted = layers !== undefined && layers.work !== 'none';
    if (!isWanted) report(undefined);
    else if (done !== claimStateOf(ring)) {
      const found = await pass(layers);
      if (found === 0) done = layers.state;
      report({ phase: layers.state, isDone: found === 0, found });
    }
    onProgress(0);
    await delay(idleMs, signal).catch(() => undefined);
  }

  /**
   * Reads all claims once. Returns how many needed work. Throws when the signal aborts, and at the end
   * if a claim could not be read: then the phase is not done.
   */
  async function pass(layers: ClaimLayers): Promise<number> {
    let found = 0;
    let unreadable: number | undefined;
    const onUnreadable = (position: number) => (unreadable ??= position);
    const what = {
      filter: subjectFilters.claims,
      after: 0,
      maxRecords: MAX_RECORDS[layers.work],
      mark: createMark,
    };
    for await (const records of readToProvenEnd(log, what, signal)) {
      found += await moveClaims(options, { layers, records, onUnreadable }, signal);
      onProgress(records.at(-1)?.position ?? 0);
      report({ phase: layers.state, isDone: false, found });
    }
    if (unreadable !== undefined) throw new UnreadableRecordError(unreadable);
    return found;
  }
}

/**
 * A claim on no address and of no layer, and the record by which the eraser deletes it. A claim that
 * a pass misses would be destroyed with the old layer, and its address given away.
 */
function createMark(): readonly LogMessage[] {
  const k = `mark:${randomBytes(32).toString('base64url')}`;
  const claim: ClaimRecord = { state: 'released', by: 'disowning' };
  const deletion: DeletionRecord = { claims: [k], people: [], attempts: [], addresses: [] };
  return [
    { subject: subjects.claim(k), data: JSON.stringify(claim), expectedPosition: 0 },
    {
      subject: subjects.deletion(randomUUID()),
      data: JSON.stringify(deletion),
      expectedPosition: 0,
    },
  ];
}
