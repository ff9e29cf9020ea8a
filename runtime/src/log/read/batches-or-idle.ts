/** Starts reading. The iteration ends when the signal aborts. */
export type Read<T> = (signal: AbortSignal) => AsyncIterable<T>;

/**
 * Yields what is read, and undefined after each `idleMs` without anything. A reader with a lease
 * must renew it also when there is nothing to do.
 */
export async function* batchesOrIdle<T>(
  read: Read<T>,
  idleMs: number,
  signal: AbortSignal,
): AsyncGenerator<T | undefined> {
  const reading = new AbortController();
  const batches = read(AbortSignal.any([signal, reading.signal]))[Symbol.asyncIterator]();
  let next = watch(batches.next());
  try {
    for (;;) {
      const arrived = await next.arrivesWithin(idleMs);
      if (signal.aborted) return;
      const result = arrived ? await next.value : undefined;
      if (result?.done === true) return;
      yield result?.value;
      // Not earlier: nobody would handle its failure while the batch is processed.
      if (result !== undefined) next = watch(batches.next());
    }
  } finally {
    reading.abort();
    await next.value.catch(() => undefined);
    await batches.return?.();
  }
}

/** A promise that one waiter at a time waits for, again and again. */
type Watched<T> = {
  readonly value: Promise<T>;
  /** Whether the promise has settled, at the latest after `ms`. */
  readonly arrivesWithin: (ms: number) => Promise<boolean>;
};

/**
 * Watches a promise with one reaction for its whole life. A race for each wait would add a reaction
 * to a promise that is pending for as long as nothing is written, and none of them would be freed.
 */
function watch<T>(value: Promise<T>): Watched<T> {
  let hasSettled = false;
  let wake = () => {};
  const settle = () => {
    hasSettled = true;
    wake();
  };
  value.then(settle, settle);
  return {
    value,
    arrivesWithin: async (ms) => {
      if (hasSettled) return true;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      return hasSettled;
    },
  };
}
