import { setTimeout as sleep } from 'node:timers/promises';

/** Bounds of a backoff, in milliseconds. */
export type BackoffOptions = { readonly baseMs: number; readonly maxMs: number };

/** Delays that double from `baseMs` to `maxMs`, each drawn evenly from zero to its bound. */
export type Backoff = { readonly nextMs: () => number; readonly reset: () => void };

/**
 * Full jitter: of the usual schemes it spreads rivals best for the least total work (Brooker,
 * "Exponential Backoff And Jitter", 2015).
 */
export function createBackoff({ baseMs, maxMs }: BackoffOptions): Backoff {
  let boundMs = baseMs;
  return {
    nextMs: () => {
      const delayMs = Math.random() * boundMs;
      boundMs = Math.min(maxMs, boundMs * 2);
      return delayMs;
    },
    reset: () => {
      boundMs = baseMs;
    },
  };
}

/** Waits; rejects with the signal's reason when it aborts first. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** Waits for a promise at most `ms`, then rejects with the error that `onTimeout` makes. */
export async function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  onTimeout: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onTimeout()), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
