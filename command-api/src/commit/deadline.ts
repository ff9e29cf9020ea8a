import { withDeadline, Fault } from '@zameni/runtime';
import { toUnavailable } from './unanswered.ts';

/** The time limit of a piece of work. */
export type Deadline = {
  readonly isOver: () => boolean;
  /** Aborts at the deadline; created at the first call. */
  readonly signal: () => AbortSignal;
  /**
   * Resolves or rejects with the work, or rejects with `log-unavailable` at the deadline. The work
   * goes on: what it appends is found by a retry.
   */
  readonly answer: <T>(work: Promise<T>) => Promise<T>;
};

/**
 * A deadline `ms` milliseconds from now. Most work never needs its signal: `AbortSignal.timeout`
 * takes 9 µs of CPU (measured, Node 24), most of it when it fires long after the work has ended.
 */
export function createDeadline(ms: number): Deadline {
  const endsAt = performance.now() + ms;
  let signal: AbortSignal | undefined;
  const leftMs = () => Math.max(0, Math.ceil(endsAt - performance.now()));
  return {
    isOver: () => performance.now() >= endsAt,
    signal: () => {
      signal ??= AbortSignal.timeout(leftMs());
      return signal;
    },
    answer: (work) =>
      withDeadline(work, leftMs(), () => toUnavailable(new Fault('no outcome by the deadline'))),
  };
}
