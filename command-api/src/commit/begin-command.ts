import { DEADLINES, Fault } from '@zameni/runtime';
import { createDeadline, type Deadline } from './deadline.ts';
import { toUnavailable } from './unanswered.ts';

/** What beginning a command needs. */
export type BeginDeps = {
  /** Whether the log owes an answer for so long that no leader can be there. */
  readonly isLogSilent: () => boolean;
  /** Milliseconds until a command without an outcome is answered. */
  readonly outcomeMs?: number;
};

/**
 * Begins a command: returns its deadline. Throws `log-unavailable` while the log is silent, so that
 * a client learns at once what it would otherwise wait for. Nothing of the command is done then.
 */
export function beginCommand({ isLogSilent, outcomeMs = DEADLINES.outcome }: BeginDeps): Deadline {
  if (isLogSilent()) throw toUnavailable(new Fault('the log answers no appends'));
  return createDeadline(outcomeMs);
}
