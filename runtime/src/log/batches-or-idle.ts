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
  let next = batches.next();
  try {
    for (;;) {
      const arrived = await arrivesWithin(next, idleMs);
      if (signal.aborted) return;
      const result = arrived ? await next : undefined;
      if (result?.done === true) return;
      yield result?.value;
      // Not earlier: nobody would handle its failure while the batch is processed.
      if (result !== undefined) next = batches.next();
    }
  } finally {
    reading.abort();
    await next.catch(() => undefined);
    await batches.return?.();
  }
}

async function arrivesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([promise.then(() => true), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
