import { AppError, createOverloaded, Fault } from '@zameni/runtime';

/** Runs one act at a time under each key; the others wait in the order of their calls. */
export type InTurn = <Result>(
  key: string,
  signal: AbortSignal,
  act: () => Promise<Result>,
) => Promise<Result>;

/** Most acts that wait under one key: more than get their turn within a few seconds. */
const MAX_WAITING = 500;

/**
 * Turns inside one process. Commands on one person that run side by side all load the account, and
 * all but one must load it again; one after the other, each is decided once. Throws `overloaded`
 * when `maxWaiting` acts wait under the key, and `log-unavailable` when the signal aborts before
 * the turn.
 */
export function createTurns(maxWaiting: number = MAX_WAITING): InTurn {
  const queues = new Map<string, (() => void)[]>();

  /** Gives the turn to the next act, or removes the key. */
  function pass(key: string): void {
    const next = queues.get(key)?.shift();
    if (next === undefined) queues.delete(key);
    else next();
  }

  async function untilTurn(key: string, signal: AbortSignal): Promise<void> {
    const queue = queues.get(key);
    if (queue === undefined) {
      queues.set(key, []);
      return;
    }
    if (queue.length >= maxWaiting) throw createOverloaded();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      const place = queue.indexOf(resolve);
      if (place < 0) return;
      queue.splice(place, 1);
      const cause = new Fault('the deadline passed before the turn');
      reject(new AppError('log-unavailable', { cause, retryAfterSeconds: 1 }));
    };
    signal.addEventListener('abort', leave, { once: true });
    queue.push(resolve);
    await promise;
    signal.removeEventListener('abort', leave);
  }

  return async (key, signal, act) => {
    await untilTurn(key, signal);
    try {
      return await act();
    } finally {
      pass(key);
    }
  };
}
