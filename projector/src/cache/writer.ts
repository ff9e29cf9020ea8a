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
  Fault,
} from '@zameni/runtime';

/** What the projector fills in after a commit; `position` is that of the event that changed it. */
export type ViewChange = ViewFill;

/** An epoch of the cache, and the position of its watermark. */
export type CacheEpoch = { readonly id: string; readonly position: number };

/** Writes the view cache, for the active projector only. Each call has a deadline. */
export type ViewCacheWriter = {
  /**
   * Begins an epoch at the projector's checkpoint. Entries of older epochs are untrusted. Returns
   * false if the watermark is beyond it: then another process is active.
   */
  readonly begin: (epoch: CacheEpoch) => Promise<boolean>;
  /**
   * Writes committed views through and advances the watermark. Returns whether the epoch is still
   * open. After `false` or a failure only a new epoch makes the cache trusted again.
   */
  readonly advance: (
    epoch: CacheEpoch,
    position: number,
    changes: readonly ViewChange[],
  ) => Promise<boolean>;
};

/** Dependencies of the writer. */
export type ViewCacheWriterOptions = {
  readonly redis: Redis;
  readonly keys: ViewCacheKeys;
  readonly deadlineMs?: number;
  readonly now?: () => number;
};

/** Milliseconds until a watermark that is not renewed expires. */
const WATERMARK_LIFETIME_MS = 15_000;

/**
 * Milliseconds for one write-through. A Redis that hangs slows the projector, but never stops it.
 */
const WRITE_DEADLINE_MS = 500;

/**
 * Creates the writer. It writes the entries of a batch and advances the watermark in one atomic
 * step, so no reader sees one without the other. A batch holds some thousand entries at most, a few
 * milliseconds of Redis. A missing entry under the watermark only costs a read of the database. An
 * old entry under it would be a wrong answer, so every uncertain outcome ends the epoch.
 */
export function createViewCacheWriter(options: ViewCacheWriterOptions): ViewCacheWriter {
  const { redis, keys, deadlineMs = WRITE_DEADLINE_MS, now = Date.now } = options;
  const inTime = <T>(work: Promise<T>) =>
    withDeadline(work, deadlineMs, () => new Fault('the cache did not take the write in time'));

  return {
    begin: ({ id, position }) => {
      const values = [id, position, WATERMARK_LIFETIME_MS];
      return inTime(runScript(redis, beginEpochScript, [keys.watermark], values));
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
