/** Takes of a key in its window, and the end of the window in milliseconds of the monotonic clock. */
export type Count = { readonly taken: number; readonly resetsAtMs: number };

/** The counts of one process, at most `maxKeys`. */
export type LocalCounts = {
  /** The count of a key; undefined if its window has ended. */
  readonly read: (key: string) => Count | undefined;
  /** Counts one take. The first take begins a window. */
  readonly take: (key: string) => Count;
  /** Replaces the count of a key by that of the shared counter. */
  readonly keep: (key: string, count: Count) => void;
  /** Number of keys held. */
  readonly size: () => number;
};

/** Length of a window, bound of keys, and a monotonic clock in milliseconds. */
export type LocalCountsOptions = {
  readonly windowMs: number;
  readonly maxKeys: number;
  readonly now: () => number;
};

/** Keys checked for each new one. With two, ended windows are removed faster than new ones come. */
const SWEPT_KEYS = 2;

/**
 * Counts in fixed windows in memory. Keys are in the order in which their windows began, so ended
 * windows are at the front and need no timer. When full, it drops the oldest window. That key
 * starts a new window and gets some extra requests, which is better than memory without a bound.
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
