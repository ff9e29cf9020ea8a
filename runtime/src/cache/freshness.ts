import type { Clock } from '../async/clock.ts';
import { createWaitObserver, type WaitPurpose } from '../async/observed-wait.ts';
import type { NoteWait } from '../http/note-waits.ts';
import { createOverloaded } from '../load/overloaded.ts';
import { createPositionPoller } from './position-poller.ts';

/** The position that a reader waits for, and what ends the wait. */
export type FreshnessWait = {
  readonly position: number;
  /** The end of the wait, in milliseconds of the clock. */
  readonly deadlineMs: number;
  /** Whether the cache's watermark counts too. Otherwise only the replica ends the wait. */
  readonly cacheCounts: boolean;
  /** Aborts if the reader disconnects. */
  readonly signal: AbortSignal;
  readonly noteWait: NoteWait;
};

/** The store that has reached the position, or `late` if none has in time. */
export type FreshnessOutcome = 'cache' | 'replica' | 'late';

/** Waits for readers until a store has reached a position. */
export type Freshness = {
  /** Ends with the first poll that shows the position. Throws `overloaded` if too many wait. */
  readonly wait: (wait: FreshnessWait) => Promise<FreshnessOutcome>;
};

/** Sources of positions, and bounds. A source returns undefined while its position is unknown. */
export type FreshnessOptions = {
  readonly purpose: Exclude<WaitPurpose, 'erased'>;
  readonly watermark: () => Promise<number | undefined>;
  readonly replicaPosition: () => Promise<number | undefined>;
  readonly clock: Clock;
  readonly maxWaiters: number;
  /** Ends every wait when the process stops. */
  readonly stopping: AbortSignal;
};

type Waiter = FreshnessWait & { readonly answer: (outcome: FreshnessOutcome) => void };

/** Milliseconds between polls. A watermark costs Redis microseconds, a checkpoint costs a query. */
const WATERMARK_POLL = { minMs: 3, maxMs: 25 };
const REPLICA_POLL = { minMs: 10, maxMs: 50 };

/**
 * Milliseconds in which a wait polls the watermark only. The replica is seldom first, and a poll of
 * it costs Postgres and PgBouncer as much as a hundred polls of the watermark cost Redis.
 */
export const REPLICA_AFTER_MS = 50;

/**
 * Runs one poller for each store for all waiting readers of the process, and none without readers.
 * So ten thousand readers cost as many polls as one. Only a poll that began after the wait ends it,
 * never a remembered position, so a reader that waits again at once does not spin.
 */
export function createFreshness(options: FreshnessOptions): Freshness {
  const { clock, maxWaiters, stopping } = options;
  const observeWait = createWaitObserver(options.purpose);
  const waiters = new Set<Waiter>();
  const reportTo = (source: 'cache' | 'replica') => (position: number) => {
    for (const waiter of waiters) {
      if (position < waiter.position) continue;
      if (source === 'replica' || waiter.cacheCounts) waiter.answer(source);
    }
  };
  const replica = createPositionPoller({
    read: options.replicaPosition,
    ...REPLICA_POLL,
    clock,
    onPosition: reportTo('replica'),
  });
  const watermark = createPositionPoller({
    read: async () => {
      const position = await options.watermark();
      if (position === undefined && waiters.size > 0) replica.start();
      return position;
    },
    ...WATERMARK_POLL,
    clock,
    onPosition: reportTo('cache'),
  });

  /** Adds a waiter and starts polling. Returns the function that removes it. */
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

  async function waitFor(wait: FreshnessWait, waitMs: number): Promise<FreshnessOutcome> {
    const { promise, resolve: answer } = Promise.withResolvers<FreshnessOutcome>();
    const waiter: Waiter = { ...wait, answer };
    const giveUp = () => answer('late');
    const cancel = clock.after(waitMs, giveUp);
    wait.signal.addEventListener('abort', giveUp, { once: true });
    stopping.addEventListener('abort', giveUp, { once: true });
    const leave = enter(waiter);
    const noteEnd = wait.noteWait();
    try {
      return await promise;
    } finally {
      noteEnd();
      leave();
      cancel();
      wait.signal.removeEventListener('abort', giveUp);
      stopping.removeEventListener('abort', giveUp);
    }
  }

  return {
    wait: async (wait) => {
      const waitMs = wait.deadlineMs - clock.now();
      if (waitMs <= 0 || stopping.aborted || wait.signal.aborted) return 'late';
      if (waiters.size >= maxWaiters) throw createOverloaded();
      return observeWait(
        () => waitFor(wait, waitMs),
        (reached) => {
          if (reached !== 'late') return 'reached';
          return stopping.aborted || wait.signal.aborted ? 'left' : 'timed-out';
        },
      );
    },
  };
}
