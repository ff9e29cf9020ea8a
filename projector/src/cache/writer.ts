import {
  advanceScript,
  beginEpochScript,
  encodeEntry,
  ENTRY_LIFETIME_MS,
  type Redis,
  runScript,
  type ViewCacheKeys,
  type ViewFill,
  withDeadline,
} from '@zameni/runtime';

/** A view, or its tombstone, as an event made it: complete up to the position of that event. */
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
 * Writes the entries of a batch and advances the watermark in one atomic step, so no reader sees the
 * one without the other. A batch holds some thousand entries at most, a few milliseconds of Redis. An
 * entry that is missing under the watermark only costs a read of the database; one that is old under
 * it would be a wrong answer, so whatever is not certain ends the epoch.
 */
export function createViewCacheWriter(options: ViewCacheWriterOptions): ViewCacheWriter {
  const { redis, keys, deadlineMs = WRITE_DEADLINE_MS, now = Date.now } = options;
  const inTime = <T>(work: Promise<T>) =>
    withDeadline(work, deadlineMs, () => new Error('the cache did not take the write in time'));

  return {
    begin: async ({ id, position }) => {
      const values = [id, position, WATERMARK_LIFETIME_MS];
      await inTime(runScript(redis, beginEpochScript, [keys.watermark], values));
    },
    advance: ({ id, position }, next, changes) => {
      const entries = changes.map((change) => keys.entry(change.kind, change.id));
      const values = [id, position, next, WATERMARK_LIFETIME_MS, now(), ENTRY_LIFETIME_MS];
      const contents = changes.flatMap(({ position, view }) => [position, ...encodeEntry(view)]);
      return inTime(
        runScript(redis, advanceScript, [keys.watermark, ...entries], [...values, ...contents]),
      );
    },
  };
}
