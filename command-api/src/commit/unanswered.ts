import { AppError, Fault } from '@zameni/runtime';
import type { Waiting } from './group/group.ts';

/** The submitted intents without an answer. Each is answered once; later answers are ignored. */
export type Unanswered = {
  readonly add: (waiting: Waiting) => void;
  readonly has: (waiting: Waiting) => boolean;
  readonly resolve: (waiting: Waiting, answer: unknown) => void;
  readonly reject: (waiting: Waiting, error: AppError) => void;
};

/** Milliseconds between two sweeps: an intent is rejected at most this long after its deadline. */
const SWEEP_MS = 100;

/**
 * Rejects each intent with `log-unavailable` when it has no answer `deadlineMs` after its
 * submission, whether it waits in the queue or runs in a group. One timer sweeps all of them while
 * there are any. `afterSweep` runs after each sweep.
 */
export function createUnanswered(deadlineMs: number, afterSweep: () => void): Unanswered {
  // In the order of submission, so the oldest come first.
  const unanswered = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;

  function remove(waiting: Waiting): boolean {
    const isRemoved = unanswered.delete(waiting);
    if (unanswered.size === 0) clearInterval(timer);
    return isRemoved;
  }

  function reject(waiting: Waiting, error: AppError): void {
    if (remove(waiting)) waiting.reject(error);
  }

  function sweep(): void {
    const now = performance.now();
    for (const waiting of unanswered) {
      if (waiting.submittedAt + deadlineMs > now) break;
      reject(waiting, toUnavailable(new Fault('the deadline passed')));
    }
    afterSweep();
  }

  return {
    add: (waiting) => {
      if (unanswered.size === 0) timer = setInterval(sweep, SWEEP_MS);
      unanswered.add(waiting);
    },
    has: (waiting) => unanswered.has(waiting),
    resolve: (waiting, answer) => {
      if (remove(waiting)) waiting.resolve(answer);
    },
    reject,
  };
}

/** The error of an intent without an outcome in the log; it may be retried after a second. */
export function toUnavailable(cause: unknown): AppError {
  return new AppError('log-unavailable', { cause, retryAfterSeconds: 1 });
}
