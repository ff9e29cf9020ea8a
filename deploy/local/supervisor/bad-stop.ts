import { type ChildSpec, describeExit, type StopExit } from './child.ts';

/** A process that did not stop as it should. */
export type BadStop = {
  /** What is told about it. */
  readonly message: string;
  /** True when it makes the exit code of the stack 1. */
  readonly isFailure: boolean;
};

/** A process whose end is judged. */
type Stopped = Pick<ChildSpec, 'name' | 'stop'> & { readonly mustDrain: boolean };

/** Its end, whether it was ready when it was asked to end, and where its log is. */
type Ending = StopExit & { readonly wasReady: boolean; readonly log: string };

/**
 * Tells what was wrong with the end of a process; null when nothing was. A kill is always told. The
 * exit code counts for our services only, and only once they were ready: a start that is broken off
 * has nothing to drain yet, while servers end in ways of their own.
 */
export function judgeStop({ name, stop, mustDrain }: Stopped, ending: Ending): BadStop | null {
  const { code, isForced, wasReady, log } = ending;
  if (isForced) {
    const message = `${name} was killed, it did not stop within ${stop.deadlineMs / 1000} s. Its log: ${log}`;
    return { message, isFailure: mustDrain };
  }
  if (!mustDrain || !wasReady || code === 0) return null;
  const message = `${name} failed to drain (${describeExit(ending)}). Its log: ${log}`;
  return { message, isFailure: true };
}
