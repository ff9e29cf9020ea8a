import type { TimedRecord, ReadOptions } from '../event-log.ts';

/**
 * The records of a pull that are requested or buffered. Both together never exceed twice
 * `maxRecords`, so a slow reader bounds the memory.
 */
export type PullWindow = {
  /** Reserves the free room and returns its size; 0 while less than `maxRecords` is free. */
  readonly reserve: () => number;
  /** Frees the room of requested records that will not arrive: `count` of them, or all. */
  readonly release: (count?: number) => void;
  /** Buffers a record. Returns false if `delivery` does not follow the last one. */
  readonly receive: (record: TimedRecord, delivery: number) => boolean;
  /** Removes and returns the oldest records: one at least, if any, within the bounds of a batch. */
  readonly take: () => readonly TimedRecord[];
  /** True while requested records have not arrived. */
  readonly isAwaiting: () => boolean;
  readonly isEmpty: () => boolean;
};

/** Creates an empty window for batches of at most `maxRecords` records and `maxBytes` bytes. */
export function createPullWindow(bounds: Pick<ReadOptions, 'maxRecords' | 'maxBytes'>): PullWindow {
  const { maxRecords } = bounds;
  let buffer: TimedRecord[] = [];
  let requested = 0;
  let received = 0;
  return {
    reserve: () => {
      const room = 2 * maxRecords - buffer.length - requested;
      if (room < maxRecords) return 0;
      requested += room;
      return room;
    },
    release: (count = requested) => {
      requested = Math.max(0, requested - count);
    },
    receive: (record, delivery) => {
      received += 1;
      if (delivery !== received) return false;
      requested = Math.max(0, requested - 1);
      buffer.push(record);
      return true;
    },
    take: () => {
      const count = countBatch(buffer, bounds);
      const batch = buffer.slice(0, count);
      buffer = buffer.slice(count);
      return batch;
    },
    isAwaiting: () => requested > 0,
    isEmpty: () => buffer.length === 0,
  };
}

/** Number of records of the next batch. A record larger than `maxBytes` is a batch of its own. */
function countBatch(
  buffer: readonly TimedRecord[],
  { maxRecords, maxBytes }: Pick<ReadOptions, 'maxRecords' | 'maxBytes'>,
): number {
  let bytes = 0;
  let count = 0;
  for (const record of buffer) {
    if (count === maxRecords || (count > 0 && bytes + record.data.length > maxBytes)) break;
    bytes += record.data.length;
    count += 1;
  }
  return count;
}
