import { delay } from '@zameni/runtime';

/** What to look at, and how often. `read` has a deadline of its own. */
export type WatchOptions<T> = {
  readonly read: () => Promise<T>;
  /** Milliseconds between looks. */
  readonly everyMs: number;
  /** Whether this process is to look: only the active one. */
  readonly isWanted: () => boolean;
};

/** A value that is looked at again and again. */
export type Watch<T> = {
  /** Looks until the signal aborts. Never rejects. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** What the last look saw. Undefined if it failed, or if nobody wants it now. */
  readonly last: () => T | undefined;
};

/** Milliseconds between two questions whether a look is wanted. */
const WANTED_MS = 1_000;

/** Creates a watch for metrics: they are read often, and must not ask a server each time. */
export function createWatch<T>({ read, everyMs, isWanted }: WatchOptions<T>): Watch<T> {
  let seen: T | undefined;

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Without a value nothing is reported. Health checks name the server that is away.
      seen = isWanted() ? await read().catch(() => undefined) : undefined;
      await delay(isWanted() ? everyMs : WANTED_MS, signal).catch(() => undefined);
    }
  }

  return { run, last: () => (isWanted() ? seen : undefined) };
}
