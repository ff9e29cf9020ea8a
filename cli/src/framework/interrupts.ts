import { constants } from 'node:os';
import { EXIT } from './command.ts';

/** Requests to stop, from the keyboard (SIGINT) or from another process (SIGTERM). */
export type Interrupts = Disposable & {
  readonly signal: AbortSignal;
  /** Returns the exit status of a stopped program. Undefined if nobody stopped it. */
  readonly exitStatus: () => number | undefined;
};

/**
 * Listens until it is disposed. The first signal aborts, so that pending work can finish. The
 * second one ends the process, because a user who repeats it does not want to wait.
 */
export function listenForInterrupts(onFirst: () => void): Interrupts {
  const stopping = new AbortController();
  let status: number | undefined;
  const listen = (name: 'SIGINT' | 'SIGTERM') => () => {
    const next = EXIT.stopped + constants.signals[name];
    if (status !== undefined) process.exit(next);
    status = next;
    onFirst();
    stopping.abort();
  };
  const listeners = { SIGINT: listen('SIGINT'), SIGTERM: listen('SIGTERM') };
  process.on('SIGINT', listeners.SIGINT).on('SIGTERM', listeners.SIGTERM);
  return {
    signal: stopping.signal,
    exitStatus: () => status,
    [Symbol.dispose]: () => {
      process.off('SIGINT', listeners.SIGINT).off('SIGTERM', listeners.SIGTERM);
    },
  };
}

/** Runs work that a signal may stop at any step. Returns the exit status. */
export async function orStopped(
  interrupts: Interrupts,
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const stopped = interrupts.exitStatus();
    if (stopped === undefined) throw error;
    return stopped;
  }
}
