import { subjectFilters } from '@zameni/contracts';
import {
  batchesOrIdle,
  delay,
  type EventLog,
  type LogRecord,
  withRecordSpans,
} from '@zameni/runtime';
import type { CacheFeed } from './cache-feed.ts';
import { createCacheEraser } from './erase-from-cache.ts';
import { PoisonEventError } from './poison-event.ts';
import type { PeopleKeys } from './people-keys.ts';
import type { ProjectedEvent } from './projected-event.ts';
import type { ProjectionStore } from './projection-store.ts';
import { readEvent } from './read-event.ts';
import { toRowChanges } from './row-changes.ts';
import { toViewChanges } from './view-changes.ts';

/** What following the log needs. */
export type FollowOptions = {
  readonly log: Pick<EventLog, 'readBatches'>;
  readonly keys: PeopleKeys;
  readonly store: ProjectionStore;
  readonly cache: CacheFeed;
  /** The checkpoint to start after. */
  readonly from: number;
  readonly signal: AbortSignal;
  /** Told the checkpoint after each step, and whether a batch was applied in it. */
  readonly onProgress: (position: number, applied: boolean) => void;
  readonly idleMs?: number;
  readonly lingerMs?: number;
};

const MAX_RECORDS = 500;
const MAX_BYTES = 1024 * 1024;

/** Milliseconds between batches while there is load: each costs some 2 ms of CPU, however small. */
const LINGER_MS = 4;

/** Milliseconds within which an event counts as live, so that its trace goes on. */
const LIVE_MS = 60_000;

/** Milliseconds without a batch after which lease and watermark are renewed. */
const IDLE_MS = 1_000;

/**
 * Follows the log from a checkpoint while the lease is ours: read, open, apply rows and checkpoint
 * together, feed the cache, one batch after the other. Returns when the lease is lost or the signal
 * aborts. In front of a record that cannot be projected everything is applied, then it throws.
 */
export async function followLog(options: FollowOptions): Promise<void> {
  const { log, store, cache, signal, onProgress, idleMs = IDLE_MS, lingerMs = LINGER_MS } = options;
  const eraser = createCacheEraser({ store, cache, now: Date.now });
  const readOptions = {
    filters: [subjectFilters.accounts],
    after: options.from,
    maxRecords: MAX_RECORDS,
    maxBytes: MAX_BYTES,
  };
  const read = (end: AbortSignal) => log.readBatches(readOptions, end);
  let position = options.from;
  await using _keys = options.keys.follow(position, signal);

  await cache.follow(position, []);
  await eraser.run(position, true);
  for await (const batch of batchesOrIdle(read, idleMs, signal)) {
    if (!(await (batch === undefined ? idle() : applyBatch(batch)))) return;
    // Behind one that came alone, the next one is taken at once.
    if ((batch?.length ?? 0) > 1) await rest(lingerMs, signal);
  }

  /** Applies a batch; answers false when the checkpoint was not ours to move. */
  async function applyBatch(records: readonly LogRecord[]): Promise<boolean> {
    const { events, poison } = await readEvents(records, options);
    const to = events.at(-1)?.position;
    if (to !== undefined) {
      const changes = toRowChanges(events);
      const isOurs = await withRecordSpans('project', toTraced(events), async () => {
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

/**
 * The events whose trace goes on here: live ones. A replay of old events would make each of their
 * traces longer by one span, again at every rebuild.
 */
function toTraced(events: readonly ProjectedEvent[]): readonly ProjectedEvent[] {
  const oldest = new Date(Date.now() - LIVE_MS).toISOString();
  return events.filter(({ metadata }) => metadata.time >= oldest);
}

type ReadResult = { readonly events: ProjectedEvent[]; readonly poison?: PoisonEventError };

async function readEvents(
  records: readonly LogRecord[],
  { keys, signal }: FollowOptions,
): Promise<ReadResult> {
  const events: ProjectedEvent[] = [];
  for (const record of records) {
    try {
      events.push(await readEvent(record, keys, signal));
    } catch (error) {
      if (error instanceof PoisonEventError) return { events, poison: error };
      throw error;
    }
  }
  return { events };
}

/** Waits; an abort ends it early. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, signal).catch(() => undefined);
}
