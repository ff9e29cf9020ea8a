/** Watches whether the event loop has more to do in each turn than it should. */
export type EventLoopWatch = Disposable & { readonly isLate: () => boolean };

/** How late a turn may be, in milliseconds, and how often one is looked at. */
export type EventLoopWatchOptions = { readonly maxLateMs?: number; readonly everyMs?: number };

/** Turns in a row that must all be late: one is a pause, which is over when it is noticed. */
const LATE_TURNS = 5;

/**
 * Late is a loop in which even the best of the last turns came late: then what arrives waits at least
 * as long, twice or more for each request. A mean would take a single long pause for load.
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
