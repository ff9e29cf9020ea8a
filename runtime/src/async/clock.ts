/** A clock for waiting code, which tests replace. Times are in milliseconds. */
export type Clock = {
  readonly now: () => number;
  /** Calls back once after `ms`. Returns a function that cancels the call. */
  readonly after: (ms: number, callback: () => void) => () => void;
};

/** The monotonic clock of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
