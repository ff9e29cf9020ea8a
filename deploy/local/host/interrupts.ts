import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Signals within this time count as one, because a terminal and npm both deliver the same Ctrl-C.
 */
export const REPEAT_AFTER_MS = 1_000;

/** How the process reacts to signals that ask it to end. */
export type InterruptOptions = {
  /** Ends everything at once. The process exits right after it. */
  readonly onSecond: (exitCode: number) => void;
  readonly now: () => number;
};

/** Signals as an AbortSignal. Disposing it removes the listeners. */
export type Interrupts = Disposable & { readonly signal: AbortSignal };

/**
 * Listens for signals. The first one aborts `signal`, which drains; a later one ends everything.
 */
export function listenForInterrupts(options: InterruptOptions): Interrupts {
  const controller = new AbortController();
  const decide = createInterruptRule(options.now);
  const handle = (name: NodeJS.Signals) => {
    const verdict = decide();
    if (verdict === 'drain') controller.abort(new Error(`stopped by ${name}`));
    if (verdict === 'kill') options.onSecond(128 + constants.signals[name]);
  };
  for (const name of SIGNALS) process.on(name, handle);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, handle);
    },
  };
}

/** Decides what each further signal means. */
export function createInterruptRule(now: () => number): () => 'drain' | 'same' | 'kill' {
  let firstAt: number | null = null;
  return () => {
    if (firstAt === null) {
      firstAt = now();
      return 'drain';
    }
    return now() - firstAt < REPEAT_AFTER_MS ? 'same' : 'kill';
  };
}
