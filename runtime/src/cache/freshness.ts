import type { Clock } from '../async/clock.ts';
import { AppError } from '../errors.ts';
import { createPositionPoller } from './position-poller.ts';

/** What a reader waits for. */
export type FreshnessWait = {
  readonly position: number;
  /** When to give up, by the clock. */
  readonly deadlineMs: number;
  /** Whether the cache reaching the position ends the wait too. */
  readonly cacheCounts: boolean;
  /** The reader has gone away. */
  readonly signal: AbortSignal;
};

/** Which store has reached the position, or that time is up. */
export type FreshnessOutcome = 'cache' | 'replica' | 'late';

/** Lets readers wait for a position. */
export type Freshness = {
  /** Answers by the next poll that shows the position reached; throws `overloaded` when full. */
  readonly wait: (wait: FreshnessWait) => Promise<FreshnessOutcome>;
};

/** Where positions come from, and bounds. The sources answer undefined when they cannot tell. */
export type FreshnessOptions = {
  readonly watermark: () => Promise<number | undefined>;
  readonly replicaPosition: () => Promise<number | undefined>;
  readonly clock: Clock;
  readonly maxWaiters: number;
  /** Ends every wait when the process stops. */
  readonly stopping: AbortSignal;
};

type Waiter = FreshnessWait & { readonly settle: (outcome: FreshnessOutcome) => void };

// The watermark costs Redis a few microseconds; the replica's checkpoint costs a query.
const WATERMARK_POLL = { minMs: 3, maxMs: 25 };
const REPLICA_POLL = { minMs: 10, maxMs: 50 };

/**
 * Milliseconds a wait relies on the watermark alone: the replica seldom is there first, and asking it
 * costs Postgres and PgBouncer what a hundred looks at the watermark cost Redis.
 */
export const REPLICA_AFTER_MS = 50;

/**
 * One poller of each store for all waiting readers of the process, at work only while there are any:
 * ten thousand readers cost as many polls as one. A wait ends only by what a poll begun after it
 * shows, never by what is remembered, so a reader that comes back at once does not spin.
 */
export function createFreshness(options: FreshnessOptions): Freshness {
  const { clock, maxWaiters, stopping } = options;
  const waiters = new Set<Waiter>();
  const tell = (source: 'cache' | 'replica') => (position: number) => {
    for (const waiter of waiters) {
      if (position < waiter.position) continue;
      if (source === 'replica' || waiter.cacheCounts) waiter.settle(source);
    }
  };
  const replica = createPositionPoller({
    read: options.replicaPosition,
    ...REPLICA_POLL,
    clock,
    onPosition: tell('replica'),
  });
  const watermark = createPositionPoller({
    read: async () => {
      const position = await options.watermark();
      if (position === undefined && waiters.size > 0) replica.start();
      return position;
    },
    ...WATERMARK_POLL,
    clock,
    onPosition: tell('cache'),
  });

  /** Answers what ends the looking for this waiter. */
  function enter(waiter: Waiter): () => void {
    waiters.add(waiter);
    watermark.start();
    const afterMs = waiter.cacheCounts ? REPLICA_AFTER_MS : 0;
    const cancel = clock.after(afterMs, () => replica.start());
    return () => {
      cancel();
      waiters.delete(waiter);
      if (waiters.size > 0) return;
      watermark.stop();
      replica.stop();
    };
  }

  return {
    wait: async (wait) => {
      const waitMs = wait.deadlineMs - clock.now();
      if (waitMs <= 0 || stopping.aborted || wait.signal.aborted) return 'late';
      if (waiters.size >= maxWaiters) throw new AppError('overloaded', { retryAfterSeconds: 1 });
      const { promise, resolve: settle } = Promise.withResolvers<FreshnessOutcome>();
      const waiter: Waiter = { ...wait, settle };
      const giveUp = () => settle('late');
      const cancel = clock.after(waitMs, giveUp);
      wait.signal.addEventListener('abort', giveUp, { once: true });
      stopping.addEventListener('abort', giveUp, { once: true });
      const leave = enter(waiter);
      try {
        return await promise;
      } finally {
        leave();
        cancel();
        wait.signal.removeEventListener('abort', giveUp);
        stopping.removeEventListener('abort', giveUp);
      }
    },
  };
}
