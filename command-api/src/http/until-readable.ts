import {
  createFreshness,
  type Pool,
  readLiveCheckpoint,
  systemClock,
  type ViewCache,
} from '@zameni/runtime';
import type { AnswerDeps } from './answer-command.ts';

/** Sources of the position that the read model covers. */
export type ReadableDeps = {
  readonly cache: Pick<ViewCache, 'watermark'>;
  readonly pool: Pool;
  /** Ends every wait when the process stops. */
  readonly stopping: AbortSignal;
};

/** Commands that may wait concurrently until they are readable. */
const MAX_WAITERS = 10_000;

/** Waits until the read model covers a position, as reported by the cache or else the primary. */
export function createUntilReadable(options: ReadableDeps): AnswerDeps['untilReadable'] {
  const { cache, pool, stopping } = options;
  const clock = systemClock;
  const freshness = createFreshness({
    purpose: 'readable',
    watermark: cache.watermark,
    replicaPosition: () => readPosition(pool),
    clock,
    maxWaiters: MAX_WAITERS,
    stopping,
  });
  return async ({ position, waitMs, signal, noteWait }) => {
    const deadlineMs = clock.now() + waitMs;
    const wait = { position, deadlineMs, cacheCounts: true, signal, noteWait };
    // The command is in the log, so too many waiters must not turn its answer into a refusal.
    return freshness.wait(wait).then(
      (reached) => reached !== 'late',
      () => false,
    );
  };
}

async function readPosition(pool: Pool): Promise<number | undefined> {
  try {
    return (await readLiveCheckpoint(pool))?.position;
  } catch {
    // Undefined means unknown. The poller reads again until the wait is over.
    return undefined;
  }
}
