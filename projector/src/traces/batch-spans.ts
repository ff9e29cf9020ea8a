import { ACCOUNTS_STREAM } from '@zameni/contracts';
import { isTracing, SPANS, withBatchSpans } from '@zameni/runtime';
import { isSampled, toLinks } from './links.ts';

/** What a trace has to know of a record. */
export type TracedRecord = {
  readonly position: number;
  /** The instant of the decision about it (RFC 3339). */
  readonly time: string;
  readonly kind: string;
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | undefined;
};

/** A batch whose records may be traced. */
export type TracedBatch = {
  /** Not called without tracing. */
  readonly records: () => readonly TracedRecord[];
  /** Number of records of the log in the batch, of any kind. */
  readonly size: number;
  /** Up to this position another run may have applied records. */
  readonly known: number;
  /** The time in milliseconds since 1970. */
  readonly nowMs: number;
  /** Whether anybody sees what is applied. */
  readonly isLive: boolean;
  /** The version of the read models, if it is one of them. */
  readonly version?: number;
};

/** Milliseconds within which a record counts as live, so that its trace continues. */
const LIVE_MS = 60_000;

const PROCESS = {
  'messaging.system': 'nats',
  'messaging.destination.name': ACCOUNTS_STREAM.name,
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
} as const;

/**
 * Runs the work on a batch. The traces of live records continue here: records of the last minute
 * that nobody has applied before. The batch links to all others, because a rebuild must not add a
 * span to each trace of the past. Traces that are not recorded count for nothing.
 */
export async function inBatchSpans<T>(batch: TracedBatch, run: () => Promise<T>): Promise<T> {
  if (!isTracing()) return run();
  const { size, known, nowMs, version } = batch;
  const count = { 'messaging.batch.message_count': size };
  const oldest = new Date(nowMs - LIVE_MS).toISOString();
  const sampled = batch.records().filter(({ traceparent }) => isSampled(traceparent));
  const isContinued = ({ position, time }: TracedRecord) =>
    batch.isLive && position > known && time >= oldest;
  const live = sampled.filter(isContinued);
  const others = sampled.filter((record) => !isContinued(record));
  return withBatchSpans(
    {
      each: SPANS.process,
      whole: SPANS.processBatch,
      live: live.map(({ traceparent, kind }) => ({
        traceparent,
        attributes: { ...PROCESS, ...count, 'zameni.record.kind': kind },
      })),
      links: toLinks(others.map(({ traceparent }) => traceparent)),
      attributes: { ...PROCESS, ...count, 'zameni.projection.version': version },
    },
    run,
  );
}
