import { Fault } from '../../errors.ts';
/** One way to get an answer. It stops when the signal aborts. */
export type Ask<T> = (signal: AbortSignal) => Promise<T>;

/** Asks in several ways until the first answer. */
export type Hedge = <T>(asks: readonly Ask<T>[], signal: AbortSignal) => Promise<T>;

/** Milliseconds after which the next way is tried too, and until all have failed; and a bound. */
export type HedgeOptions = {
  /** A quarter less or more by chance, so that not all who wait ask again at once. */
  readonly afterMs: number;
  readonly deadlineMs: number;
  /** Most second and later tries at once: under load all are slow, and more would add to it. */
  readonly maxExtra: number;
};

/**
 * Asks in the first way, and in the next one too whenever an answer takes longer than `afterMs` or
 * fails; after a second failure only once `afterMs` are over, because an election takes a while. The
 * first answer counts. The others are stopped if they look at their signal, and hold no place of
 * `maxExtra` any more if they do not. Rejects with the last failure if every way fails.
 * Otherwise a reader whose server is frozen would wait for its whole deadline.
 */
export function createHedge({ afterMs, deadlineMs, maxExtra }: HedgeOptions): Hedge {
  let extra = 0;

  return async <T>(asks: readonly Ask<T>[], signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted();
    const ending = new AbortController();
    const late = setTimeout(
      () => ending.abort(new Fault(`no answer within ${deadlineMs} ms`)),
      deadlineMs,
    );
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const stop = () => ending.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason), { once: true });
    let begun = 0;
    let failed = 0;
    /** Extra tries under way; none once this is over. */
    let places = 0;
    let timer: NodeJS.Timeout | undefined;

    function goOnLater(): void {
      timer = setTimeout(goOn, afterMs * (0.75 + Math.random() / 2));
    }

    function countPlaces(change: number): void {
      places += change;
      extra += change;
    }

    function goOn(): void {
      clearTimeout(timer);
      const ask = asks[begun];
      if (ask === undefined || ending.signal.aborted) return;
      const isExtra = begun > 0;
      if (isExtra && extra >= maxExtra) {
        goOnLater();
        return;
      }
      begun += 1;
      if (begun < asks.length) goOnLater();
      if (isExtra) countPlaces(1);
      ask(ending.signal)
        .finally(() => {
          if (isExtra && places > 0) countPlaces(-1);
        })
        .then(resolve, (error: unknown) => {
          failed += 1;
          if (failed === asks.length) reject(error);
          else if (failed === 1 && begun === 1) goOn();
        });
    }

    goOn();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      clearTimeout(late);
      countPlaces(-places);
      signal.removeEventListener('abort', stop);
      ending.abort(new Fault('another answer came first'));
    }
  };
}
