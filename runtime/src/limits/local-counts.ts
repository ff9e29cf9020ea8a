/** How often a key was taken in its window, and when the window ends. */
export type Count = { readonly taken: number; readonly resetsAtMs: number };

/** Counts of one process, bounded in number. */
export type LocalCounts = {
  /** The count of a key whose window has not ended. */
  readonly read: (key: string) => Count | undefined;
  /** Counts one more; the first of a window begins it. */
  readonly take: (key: string) => Count;
  /** Puts what a common counter said in the place of an own count. */
  readonly keep: (key: string, count: Count) => void;
  /** How many keys are held. */
  readonly size: () => number;
};

/** Length of a window, how many keys are held at most, and the clock. */
export type LocalCountsOptions = {
  readonly windowMs: number;
  readonly maxKeys: number;
  readonly now: () => number;
};

/** Keys looked at for each new one: two, so that what has ended goes faster than new ones come. */
const SWEPT_KEYS = 2;

/**
 * Fixed windows in memory. Keys lie in the order in which their windows began, so what has ended is
 * found at the front without a timer. When the memory is full the oldest window is forgotten: its key
 * begins anew, which lets some through; a memory without a bound would stop everybody.
 */
export function createLocalCounts({ windowMs, maxKeys, now }: LocalCountsOptions): LocalCounts {
  const counts = new Map<string, Count>();

  function read(key: string): Count | undefined {
    const count = counts.get(key);
    return count !== undefined && count.resetsAtMs > now() ? count : undefined;
  }

  function sweep(): void {
    let swept = 0;
    for (const [key, { resetsAtMs }] of counts) {
      if (swept === SWEPT_KEYS || (resetsAtMs > now() && counts.size < maxKeys)) return;
      counts.delete(key);
      swept += 1;
    }
  }

  function keep(key: string, count: Count): void {
    if (read(key) === undefined) {
      counts.delete(key);
      sweep();
    }
    counts.set(key, count);
  }

  return {
    read,
    take: (key) => {
      const known = read(key);
      const count =
        known === undefined
          ? { taken: 1, resetsAtMs: now() + windowMs }
          : { taken: known.taken + 1, resetsAtMs: known.resetsAtMs };
      keep(key, count);
      return count;
    },
    keep,
    size: () => counts.size,
  };
}
