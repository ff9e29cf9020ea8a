import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals this close together are one: a terminal and npm both deliver the same Ctrl-C. */
export const REPEAT_AFTER_MS = 1_000;

/** What the process does when it is asked to end. */
export type InterruptOptions = {
  /** Ends everything at once; the process exits right after it. */
  readonly onSecond: (exitCode: number) => void;
  readonly now: () => number;
};

/** The requests to end, as an AbortSignal; disposing it gives the signals back. */
export type Interrupts = Disposable & { readonly signal: AbortSignal };

/** Listens for signals: the first aborts `signal` and so drains, a later one ends everything. */
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
