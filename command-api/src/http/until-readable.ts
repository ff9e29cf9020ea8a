import { ACCOUNTS_PROJECTION } from '@zameni/contracts';
import { createFreshness, type Pool, systemClock, type ViewCache } from '@zameni/runtime';
import type { AnswerDeps } from './answer-command.ts';

/** Where it is seen how far the read model has come. */
export type ReadableDeps = {
  readonly cache: Pick<ViewCache, 'watermark'>;
  readonly pool: Pool;
  /** Ends every wait when the process stops. */
  readonly stopping: AbortSignal;
};

/** Commands that may wait at once for their outcome to be readable. */
const MAX_WAITERS = 10_000;

/** Lets commands wait until the read model has reached a position: by cache, else by the primary. */
export function createUntilReadable(options: ReadableDeps): AnswerDeps['untilReadable'] {
  const { cache, pool, stopping } = options;
  const clock = systemClock;
  const freshness = createFreshness({
    watermark: cache.watermark,
    replicaPosition: () => readPosition(pool),
    clock,
    maxWaiters: MAX_WAITERS,
    stopping,
  });
  return async ({ position, waitMs, signal }) => {
    const deadlineMs = clock.now() + waitMs;
    const wait = { position, deadlineMs, cacheCounts: true, signal };
    // The command is in the log: that too many wait already must not turn its answer into a refusal.
    return freshness.wait(wait).then(
      (reached) => reached !== 'late',
      () => false,
    );
  };
}

async function readPosition(pool: Pool): Promise<number | undefined> {
  try {
    const { rows } = await pool.query<{ position: string }>(
      'select position from zameni.checkpoints where projection = $1 and version = $2',
      [ACCOUNTS_PROJECTION.name, ACCOUNTS_PROJECTION.version],
    );
    const position = rows[0]?.position;
    return position === undefined ? undefined : Number(position);
  } catch {
    // Undefined says that it cannot be told now; the poller asks again until the wait is over.
    return undefined;
  }
}
