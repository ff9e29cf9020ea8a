import type { Logger } from '@zameni/runtime';
import type { CacheEpoch, ViewCacheWriter, ViewChange } from './writer.ts';

/** Keeps the view cache in step with the rows; whatever happens to Redis, it never fails. */
export type CacheFeed = {
  /** The process has just become active: an epoch that ended elsewhere than here is not trusted. */
  readonly resume: (position: number) => void;
  /**
   * Follows a committed batch, or none, up to the checkpoint; call it only while active. Answers
   * whether the changes are in Redis for certain.
   */
  readonly follow: (position: number, changes: readonly ViewChange[]) => Promise<boolean>;
};

/** What feeding the cache needs. */
export type CacheFeedOptions = {
  readonly writer: ViewCacheWriter;
  readonly newEpochId: () => string;
  readonly now: () => number;
  readonly logger: Logger;
};

/** Milliseconds after a failure during which Redis is left alone. */
const PAUSE_MS = 1_000;

/**
 * States: trusted (an epoch stands; each batch is written through and advances the watermark) and
 * untrusted (no epoch). A failure, a timeout or a watermark that is not where we left it ends the
 * epoch; the next batch or idle tick after a pause begins another at the checkpoint. A write that
 * may or may not have happened counts as failed, since a stale entry would be the worse failure.
 */
export function createCacheFeed({ writer, newEpochId, now, logger }: CacheFeedOptions): CacheFeed {
  let epoch: CacheEpoch | undefined;
  let pausedUntilMs = 0;
  let failing = false;

  async function begin(position: number): Promise<CacheEpoch> {
    const begun = { id: newEpochId(), position };
    await writer.begin(begun);
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
      // Another process may have moved the checkpoint meanwhile without reaching Redis.
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
        // Said once, not every second while Redis is away.
        if (!failing) logger.warn({ error }, 'cache write failed, its epoch ends');
        failing = true;
        return false;
      }
    },
  };
}
