import { constants } from 'node:os';
import { EXIT } from './command.ts';

/** A wish to stop, from the keyboard (SIGINT) or from another process (SIGTERM). */
export type Interrupts = Disposable & {
  readonly signal: AbortSignal;
  /** The exit status of a program that was stopped; undefined when nobody stopped it. */
  readonly exitStatus: () => number | undefined;
};

/**
 * Listens until it is disposed. The first signal aborts, so that what is under way can end well; the
 * second ends the process, because a person who asks twice does not want to wait.
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
