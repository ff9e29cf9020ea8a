/** Lets through what a person can read of a process that says much at once. */
export type LineLimit = {
  /** How many lines were held back before this one that may be shown; null when it may not. */
  readonly admit: () => number | null;
};

/** At most `burst` lines at once, and one more for every `refillMs`. */
export type LineLimitOptions = {
  readonly burst: number;
  readonly refillMs: number;
  readonly now: () => number;
};

/** A token bucket that counts what it turns away. */
export function createLineLimit({ burst, refillMs, now }: LineLimitOptions): LineLimit {
  let tokens = burst;
  let countedAt = now();
  let held = 0;
  return {
    admit: () => {
      const at = now();
      tokens = Math.min(burst, tokens + (at - countedAt) / refillMs);
      countedAt = at;
      if (tokens < 1) {
        held += 1;
        return null;
      }
      tokens -= 1;
      const before = held;
      held = 0;
      return before;
    },
  };
}
