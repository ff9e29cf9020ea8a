import type { Redis } from './redis.ts';
import { withDeadline } from './retry.ts';
import { ENTRY_LIFETIME_MS, type ViewCacheKeys, type ViewFill } from './view-cache.ts';
import {
  advanceScript,
  announceScript,
  beginEpochScript,
  runScript,
  writeEntryScript,
} from './view-cache-scripts.ts';

/** A view as an event made it: complete up to the position of that event. */
export type ViewChange = ViewFill;

/** An epoch of the cache, and how far its watermark has come. */
export type CacheEpoch = { readonly id: string; readonly position: number };

/** The writing side of the view cache, for the active projector only. Each call has a deadline. */
export type ViewCacheWriter = {
  /** Begins an epoch at the projector's checkpoint: entries of older ones are untrusted. */
  readonly begin: (epoch: CacheEpoch) => Promise<void>;
  /**
   * Writes committed views through and advances the watermark; answers whether the epoch still
   * stands. After `false` or a failure only a new epoch makes the cache trusted again.
   */
  readonly advance: (
    epoch: CacheEpoch,
    position: number,
    changes: readonly ViewChange[],
  ) => Promise<boolean>;
};

/** What the writing side needs. */
export type ViewCacheWriterOptions = {
  readonly redis: Redis;
  readonly keys: ViewCacheKeys;
  readonly deadlineMs?: number;
  readonly now?: () => number;
};

/** Milliseconds the watermark lives without being renewed. */
export const WATERMARK_LIFETIME_MS = 15_000;

/** Milliseconds one write-through may take, so that a hanging Redis slows but never stops. */
const WRITE_DEADLINE_MS = 500;

/**
 * Writes through in this order: announce the next position, write the entries, and only when each of
 * them is acknowledged advance the watermark. An entry that is missing under an advanced watermark
 * only costs a read of the database; one that is old under it would be a wrong answer, so whatever
 * is not certain ends the epoch.
 */
export function createViewCacheWriter(options: ViewCacheWriterOptions): ViewCacheWriter {
  const { redis, keys, deadlineMs = WRITE_DEADLINE_MS, now = Date.now } = options;
  const inTime = <T>(work: Promise<T>) =>
    withDeadline(work, deadlineMs, () => new Error('the cache did not take the write in time'));

  async function writeEntries(
    { id, position }: CacheEpoch,
    next: number,
    changes: readonly ViewChange[],
  ): Promise<boolean> {
    const pipeline = redis
      .pipeline()
      .script('LOAD', announceScript.source)
      .script('LOAD', writeEntryScript.source)
      .evalsha(announceScript.sha, 1, keys.watermark, id, position, next);
    for (const change of changes) {
      pipeline.evalsha(
        writeEntryScript.sha,
        1,
        keys.entry(change.kind, change.id),
        id,
        change.position,
        change.version,
        change.body,
        now(),
        ENTRY_LIFETIME_MS,
      );
    }
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error !== null) throw error;
    return results[2]?.[1] === 1;
  }

  async function writeAndAdvance(
    epoch: CacheEpoch,
    next: number,
    changes: readonly ViewChange[],
  ): Promise<boolean> {
    if (changes.length > 0 && !(await writeEntries(epoch, next, changes))) return false;
    const values = [epoch.id, epoch.position, next, WATERMARK_LIFETIME_MS];
    return runScript(redis, advanceScript, [keys.watermark], values);
  }

  return {
    begin: async ({ id, position }) => {
      const values = [id, position, WATERMARK_LIFETIME_MS];
      await inTime(runScript(redis, beginEpochScript, [keys.watermark], values));
    },
    advance: (epoch, position, changes) => inTime(writeAndAdvance(epoch, position, changes)),
  };
}
