import { subjectFilters } from '@zameni/contracts';
import { batchesOrIdle, type EventLog, type HeadWatch } from '@zameni/runtime';
import { addAnchors } from '../../anchors/anchor.ts';
import { createCompareLog } from '../../anchors/compare-log.ts';
import type { LeasedRun } from '../../lease/work.ts';
import { inBatchSpans, type TracedRecord } from '../../traces/batch-spans.ts';
import type { Cause } from '../ledger/message.ts';
import type { Ledger } from '../ledger/store.ts';
import { causesOf } from './causes.ts';
import { forget, forgottenIn } from './forgotten.ts';
import type { FollowMetrics } from './metrics.ts';

/** What following the log needs. */
export type FollowDeps = {
  readonly log: Pick<EventLog, 'readBatches' | 'head' | 'readAt'>;
  readonly ledger: Pick<Ledger, 'add' | 'readAnchors' | 'noteOtherLog'>;
  readonly head: Pick<HeadWatch, 'readHead'>;
  readonly metrics: Pick<FollowMetrics, 'onProgress' | 'onIdle'>;
  /** Called after mails were added. */
  readonly onAdded: () => void;
  /** The time in milliseconds since 1970. */
  readonly now?: () => number;
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
 * signal aborts. Throws LogMismatchError if the log has another history than what was read of it.
 */
export async function followCauses(deps: FollowDeps, run: LeasedRun): Promise<void> {
  const { log, ledger, head, metrics, onAdded, now = Date.now } = deps;
  const { from, signal, onProgress, onStep } = run;
  const options = { filters: FILTERS, after: from, maxRecords: MAX_RECORDS, maxBytes: MAX_BYTES };
  const read = (end: AbortSignal) => log.readBatches(options, end);
  // Another run may have tried to note what was in the log when this one began.
  const headAtStart = head.readHead();
  let position = from;
  metrics.onProgress(position);
  const compareLog = createCompareLog({ log, store: ledger });
  let anchors = await compareLog.atStart(position, signal);
  for await (const batch of batchesOrIdle(read, IDLE_MS, signal)) {
    onStep();
    const to = batch?.at(-1)?.position;
    if (batch === undefined || to === undefined) {
      metrics.onIdle();
      await compareLog.whenIdle({ position, anchors }, signal);
      // Also where nothing comes: otherwise a stall would last until the next record.
      onProgress(position);
      continue;
    }
    const forgotten = batch.flatMap(forgottenIn);
    const causes = forget(batch.flatMap(causesOf), forgotten);
    const traced = {
      records: () => toTraced(causes),
      size: batch.length,
      known: (await headAtStart) ?? from,
      nowMs: now(),
      isLive: true,
    };
    const next = addAnchors(anchors, batch);
    const add = () => ledger.add({ from: position, to, causes, anchors: next, forgotten });
    if (!(await inBatchSpans(traced, add))) return;
    position = to;
    anchors = next;
    onProgress(position);
    metrics.onProgress(position);
    if (causes.length > 0) onAdded();
  }
}

/** A record that asks for two mails is traced once. */
function toTraced(causes: readonly Cause[]): readonly TracedRecord[] {
  const byPosition = new Map(causes.map((cause) => [cause.position, cause]));
  return [...byPosition.values()].map(({ cause: kind, position, recordAt, traceparent }) => ({
    kind,
    position,
    time: recordAt ?? '',
    traceparent: traceparent ?? undefined,
  }));
}
