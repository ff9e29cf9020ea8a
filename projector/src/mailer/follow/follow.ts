import { subjectFilters } from '@zameni/contracts';
import { batchesOrIdle, type EventLog } from '@zameni/runtime';
import type { LeasedRun } from '../../lease/work.ts';
import type { Ledger } from '../ledger/store.ts';
import { causesOf } from './causes.ts';
import { forget, forgottenIn } from './forgotten.ts';

/** What following the log needs. */
export type FollowDeps = {
  readonly log: Pick<EventLog, 'readBatches'>;
  readonly ledger: Pick<Ledger, 'add'>;
  /** Called after mails were added. */
  readonly onAdded: () => void;
};

const FILTERS = [
  subjectFilters.attempts,
  subjectFilters.mailWishes,
  subjectFilters.farewells,
  subjectFilters.accounts,
];
const MAX_RECORDS = 1_000;
const MAX_BYTES = 1024 * 1024;
const IDLE_MS = 1_000;

/**
 * Reads the log from the checkpoint on and notes in the ledger which mails it asks for. A record is
 * noted once, because the checkpoint moves with the notes. Returns when the lease is lost or the
 * signal aborts.
 */
export async function followCauses(deps: FollowDeps, run: LeasedRun): Promise<void> {
  const { log, ledger, onAdded } = deps;
  const { from, signal, onProgress, onStep } = run;
  const options = { filters: FILTERS, after: from, maxRecords: MAX_RECORDS, maxBytes: MAX_BYTES };
  const read = (end: AbortSignal) => log.readBatches(options, end);
  let position = from;
  for await (const batch of batchesOrIdle(read, IDLE_MS, signal)) {
    onStep();
    const to = batch?.at(-1)?.position;
    if (batch === undefined || to === undefined) continue;
    const forgotten = batch.flatMap(forgottenIn);
    const causes = forget(batch.flatMap(causesOf), forgotten);
    if (!(await ledger.add({ from: position, to, causes, forgotten }))) return;
    position = to;
    onProgress(position);
    if (causes.length > 0) onAdded();
  }
}
