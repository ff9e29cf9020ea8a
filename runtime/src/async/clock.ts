/** Time as the waiting code sees it, so that tests can move it. */
export type Clock = {
  readonly now: () => number;
  /** Calls back once after `ms`; what it returns cancels the call. */
  readonly after: (ms: number, callback: () => void) => () => void;
};

/** The time of this process, monotonic. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
