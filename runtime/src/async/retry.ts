import { setTimeout as sleep } from 'node:timers/promises';

/** Bounds of a backoff, in milliseconds. */
export type BackoffOptions = { readonly baseMs: number; readonly maxMs: number };

/** Random delays in milliseconds, uniform from zero to a bound that doubles up to `maxMs`. */
export type Backoff = { readonly nextMs: () => number; readonly reset: () => void };

/**
 * Creates a backoff with full jitter. Of the usual schemes it separates rivals best with the least
 * total work (Brooker, "Exponential Backoff And Jitter", 2015).
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

/** Waits `ms`. Rejects with the signal's reason if that aborts first. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * Waits for a promise for at most `ms`. Then it rejects with the error from `onTimeout`. After a
 * stall of this process timers run before input that arrived meanwhile, so input has one turn: an
 * answer that takes one is not late because this process was.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  onTimeout: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      turn = setImmediate(() => reject(onTimeout()));
    }, ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
    clearImmediate(turn);
  }
}
