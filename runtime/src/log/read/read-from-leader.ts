import { delay } from '../../async/retry.ts';
import type { ReadOptions, TimedRecord } from '../event-log.ts';

/** Reads the first record of a filter after a position, from the leader. */
export type ReadNext = (
  filter: string,
  after: number,
  signal: AbortSignal,
) => Promise<TimedRecord | undefined>;

/** Milliseconds between two questions when there was nothing. */
const IDLE_MS = 20;

/** Milliseconds in which a batch is gathered: the reader takes as long for one as for fifty. */
const BATCH_MS = 50;

/**
 * Yields the records of a filter for a while, as the leader has them. It needs no consumer: while
 * the server that makes consumers is frozen, nobody can make one for the seconds of an election. A
 * question for each record is slow, a thousand a second, so it is no way to catch up.
 */
export async function* readFromLeader(
  readNext: ReadNext,
  { filter, forMs, maxRecords, maxBytes, ...options }: LeaderReadOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly TimedRecord[]> {
  let { after } = options;
  const endsAt = performance.now() + forMs;
  while (performance.now() < endsAt && !signal.aborted) {
    const batch: TimedRecord[] = [];
    const batchEndsAt = performance.now() + BATCH_MS;
    let bytes = 0;
    do {
      const next = await readNext(filter, after, signal);
      if (next === undefined) break;
      after = next.position;
      batch.push(next);
      bytes += next.data.length;
    } while (performance.now() < batchEndsAt && batch.length < maxRecords && bytes < maxBytes);
    if (batch.length > 0) yield batch;
    else await delay(IDLE_MS, signal).catch(() => undefined);
  }
}

/** The filter, the position to start after, the bounds of a batch, and how long to read. */
export type LeaderReadOptions = Omit<ReadOptions, 'filters'> & {
  readonly filter: string;
  readonly forMs: number;
};
