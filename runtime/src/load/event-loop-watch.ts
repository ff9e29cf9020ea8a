/** Reports whether the event loop is overloaded. */
export type EventLoopWatch = Disposable & { readonly isLate: () => boolean };

/** Milliseconds that a turn may be late (default 250), and between two measured turns (100). */
export type EventLoopWatchOptions = { readonly maxLateMs?: number; readonly everyMs?: number };

/** Late turns in a row that count as overload. A single one is a pause, which is over already. */
const LATE_TURNS = 5;

/**
 * Measures how late a timer fires. The loop is late if even the best of the last turns was late:
 * each request then waits at least that long, twice or more. A mean would count one long pause as
 * load.
 */
export function watchEventLoop(options: EventLoopWatchOptions = {}): EventLoopWatch {
  const { maxLateMs = 250, everyMs = 100 } = options;
  let lateTurns = 0;
  let dueAt = performance.now() + everyMs;
  const timer = setTimeout(() => {
    const nowMs = performance.now();
    lateTurns = nowMs - dueAt > maxLateMs ? lateTurns + 1 : 0;
    dueAt = nowMs + everyMs;
    timer.refresh();
  }, everyMs).unref();
  return {
    isLate: () => lateTurns >= LATE_TURNS,
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
