import { type Logger, Fault } from '@zameni/runtime';
import type { CacheEpoch, ViewCacheWriter, ViewChange } from './writer.ts';

/** Keeps the view cache in step with the rows. It never fails, whatever happens to Redis. */
export type CacheFeed = {
  /** Call it when the process becomes active. An epoch at another position is not trusted. */
  readonly resume: (position: number) => void;
  /**
   * Writes the views of a committed batch, if any, and advances the watermark to the checkpoint.
   * Call it only while active. Returns whether the changes are in Redis for certain.
   */
  readonly follow: (position: number, changes: readonly ViewChange[]) => Promise<boolean>;
};

/** Dependencies of the cache feed. */
export type CacheFeedOptions = {
  readonly writer: ViewCacheWriter;
  readonly newEpochId: () => string;
  readonly now: () => number;
  readonly logger: Logger;
};

/** Milliseconds without writes to Redis after a failure. */
const PAUSE_MS = 1_000;

/**
 * Creates the cache feed. States: trusted (an epoch is open; each batch is written through and
 * advances the watermark) and untrusted (no epoch). A failure, a timeout or a watermark that
 * another process moved ends the epoch. The next batch or idle tick after a pause begins a new
 * epoch at the checkpoint. A write with an unknown outcome counts as failed: a stale entry would be
 * the worse failure.
 */
export function createCacheFeed({ writer, newEpochId, now, logger }: CacheFeedOptions): CacheFeed {
  let epoch: CacheEpoch | undefined;
  let pausedUntilMs = 0;
  let failing = false;

  async function begin(position: number): Promise<CacheEpoch> {
    const begun = { id: newEpochId(), position };
    if (!(await writer.begin(begun))) {
      throw new Fault('the watermark is beyond the checkpoint: another process is active');
    }
    logger.info({ position }, 'cache epoch begun');
    return begun;
  }

  async function follow(position: number, changes: readonly ViewChange[]): Promise<boolean> {
    const current = epoch ?? (await begin(position));
    epoch = undefined;
    if (await writer.advance(current, position, changes)) epoch = { ...current, position };
    else logger.warn({ position }, 'cache epoch lost');
    return epoch !== undefined;
  }

  return {
    resume: (position) => {
      // Another process may have moved the checkpoint without reaching Redis.
      if (epoch?.position !== position) epoch = undefined;
      pausedUntilMs = 0;
    },
    follow: async (position, changes) => {
      if (now() < pausedUntilMs) return false;
      try {
        const stands = await follow(position, changes);
        failing = false;
        return stands;
      } catch (error) {
        epoch = undefined;
        pausedUntilMs = now() + PAUSE_MS;
        // Logged once, not every second while Redis is down.
        if (!failing) logger.warn({ error }, 'cache write failed, its epoch ends');
        failing = true;
        return false;
      }
    },
  };
}
