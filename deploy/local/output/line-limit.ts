/** Limits the lines of a process to what a person can read. */
export type LineLimit = {
  /**
   * Returns how many lines were suppressed before this one, or null if this one is suppressed too.
   */
  readonly admit: () => number | null;
};

/** At most `burst` lines at once, and one more for every `refillMs`. */
export type LineLimitOptions = {
  readonly burst: number;
  readonly refillMs: number;
  readonly now: () => number;
};

/** A token bucket that counts the lines it suppresses. */
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
