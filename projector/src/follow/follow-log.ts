import {
  batchesOrIdle,
  delay,
  type EventLog,
  type LogRecord,
  withRecordSpans,
} from '@zameni/runtime';
import { createCacheEraser } from '../cache/cache-eraser.ts';
import type { CacheFeed } from '../cache/feed.ts';
import { toViewChanges } from '../cache/view-changes.ts';
import type { PeopleKeys } from '../keys/people-keys.ts';
import type { AttemptHousekeeping } from '../read-models/attempt-housekeeping.ts';
import type { ProjectedRecord } from '../read-models/projected-record.ts';
import type { ProjectionStore } from '../read-models/projection-store.ts';
import { toRowChanges } from '../read-models/row-changes.ts';
import { readRecords } from './read-records.ts';

/** What following the log needs. */
export type FollowOptions = {
  readonly log: Pick<EventLog, 'readBatches'>;
  readonly keys: PeopleKeys;
  readonly store: ProjectionStore;
  readonly cache: CacheFeed;
  readonly housekeeping: Pick<AttemptHousekeeping, 'tend'>;
  /** The checkpoint to start after. */
  readonly from: number;
  readonly signal: AbortSignal;
  /** Told the checkpoint after each step, and whether a batch was applied in it. */
  readonly onProgress: (position: number, applied: boolean) => void;
  readonly idleMs?: number;
  readonly lingerMs?: number;
};

const MAX_RECORDS = 1_000;
const MAX_BYTES = 1024 * 1024;

/** Records of a usual commit; a batch that is larger holds several. */
const MAX_COMMIT_RECORDS = 5;

/** Milliseconds between batches while there is load: each costs some 2 ms of CPU, however small. */
const LINGER_MS = 4;

/** Milliseconds within which an event counts as live, so that its trace goes on. */
const LIVE_MS = 60_000;

/** Milliseconds without a batch after which lease and watermark are renewed. */
const IDLE_MS = 1_000;

/**
 * Follows the whole log from a checkpoint while the lease is ours: read, open, apply rows and
 * checkpoint together, feed the cache, one batch after the other. The checkpoint is the position of
 * the last record of a batch, whatever its kind. Returns when the lease is lost or the signal aborts.
 * In front of a record that cannot be projected everything is applied, then it throws.
 */
export async function followLog(options: FollowOptions): Promise<void> {
  const { log, store, cache, keys, housekeeping, signal, onProgress } = options;
  const { idleMs = IDLE_MS, lingerMs = LINGER_MS } = options;
  const eraser = createCacheEraser({ store, cache, now: Date.now });
  const readOptions = {
    filters: [],
    after: options.from,
    maxRecords: MAX_RECORDS,
    maxBytes: MAX_BYTES,
  };
  const read = (end: AbortSignal) => log.readBatches(readOptions, end);
  let position = options.from;

  await cache.follow(position, []);
  await eraser.run(position, true);
  try {
    for await (const batch of batchesOrIdle(read, idleMs, signal)) {
      if (!(await (batch === undefined ? idle() : applyBatch(batch)))) return;
      housekeeping.tend();
      // Behind a commit that came alone, the next one is taken at once.
      if ((batch?.length ?? 0) > MAX_COMMIT_RECORDS) await rest(lingerMs, signal);
    }
  } finally {
    keys.clear();
  }

  /** Applies a batch; answers false when the checkpoint was not ours to move. */
  async function applyBatch(records: readonly LogRecord[]): Promise<boolean> {
    const { projected, to, poison } = await readRecords(records, keys, signal);
    if (to !== undefined) {
      const changes = toRowChanges(projected);
      const isOurs = await withRecordSpans('project', toTraced(projected), async () => {
        const rows = await store.apply({ from: position, to, changes });
        if (rows === undefined) return false;
        position = to;
        onProgress(position, true);
        await cache.follow(position, toViewChanges(rows, changes));
        await eraser.run(position, changes.erasures.length > 0);
        return true;
      });
      if (!isOurs) return false;
    }
    if (poison !== undefined) throw poison;
    return true;
  }

  /** Renews lease and watermark; answers false when the lease is not ours any more. */
  async function idle(): Promise<boolean> {
    if (!(await store.renewLease())) return false;
    onProgress(position, false);
    await cache.follow(position, []);
    await eraser.run(position, false);
    return true;
  }
}

type Traced = { readonly traceparent: string | undefined };

/**
 * The records whose trace goes on here: live ones. A replay of old ones would make each of their
 * traces longer by one span, again at every rebuild.
 */
function toTraced(records: readonly ProjectedRecord[]): readonly Traced[] {
  const oldest = new Date(Date.now() - LIVE_MS).toISOString();
  return records.flatMap((each): readonly Traced[] => {
    if (each.kind === 'event') return each.event.metadata.time >= oldest ? [each.event] : [];
    // What closes an attempt lies in one commit with the event that has the same trace.
    if (each.kind !== 'attempt' || each.attempt.record.state !== 'open') return [];
    return each.attempt.record.time >= oldest ? [each.attempt] : [];
  });
}

/** Waits; an abort ends it early. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, signal).catch(() => undefined);
}
