import { type ChildSpec, describeExit, type StopExit } from './child.ts';

/** A process that did not stop as it should. */
export type BadStop = {
  /** Text for the terminal. */
  readonly message: string;
  /** True if it makes the exit code of the stack 1. */
  readonly isFailure: boolean;
};

/** The process that ended. `mustDrain` is true for a service of ours. */
type Stopped = Pick<ChildSpec, 'name' | 'stop'> & { readonly mustDrain: boolean };

/** Its end, whether it was ready when the stop began, and the path of its log. */
type Ending = StopExit & { readonly wasReady: boolean; readonly log: string };

/**
 * Returns what was wrong with the end of a process, or null. A kill is always reported. The exit
 * code counts for our services only, and only after they were ready: an interrupted start has
 * nothing to drain, and servers have exit codes of their own.
 */
export function judgeStop({ name, stop, mustDrain }: Stopped, ending: Ending): BadStop | null {
  const { code, isForced, wasReady, log } = ending;
  if (isForced) {
    const deadline = `${stop.deadlineMs / 1000} s`;
    const message = `${name} was killed, it did not stop within ${deadline}. Its log: ${log}`;
    return { message, isFailure: mustDrain };
  }
  if (!mustDrain || !wasReady || code === 0) return null;
  const message = `${name} failed to drain (${describeExit(ending)}). Its log: ${log}`;
  return { message, isFailure: true };
}
