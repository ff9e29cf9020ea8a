/** Keeps callers from waiting for something that does not answer. */
export type Breaker = {
  /** Runs the work, or answers undefined: at once while open, and when the work fails. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T | undefined>;
};

/** When the breaker opens, for how long, and who is told why. */
export type BreakerOptions = {
  readonly failuresToOpen: number;
  readonly openMs: number;
  readonly now: () => number;
  readonly onOpen: (error: unknown) => void;
  readonly onClose: () => void;
};

/**
 * States: closed (every call passes; failures in a row are counted), open (no call passes until
 * `openMs` are over, then one is let through as a probe: its success closes, its failure opens anew).
 */
export function createBreaker(options: BreakerOptions): Breaker {
  let failures = 0;
  let openUntilMs: number | undefined;

  function lets(): boolean {
    if (openUntilMs === undefined) return true;
    if (options.now() < openUntilMs) return false;
    openUntilMs = options.now() + options.openMs;
    return true;
  }

  return {
    run: async (work) => {
      if (!lets()) return undefined;
      try {
        const result = await work();
        if (openUntilMs !== undefined) options.onClose();
        failures = 0;
        openUntilMs = undefined;
        return result;
      } catch (error) {
        failures += 1;
        if (failures === options.failuresToOpen) options.onOpen(error);
        if (failures >= options.failuresToOpen) openUntilMs = options.now() + options.openMs;
        return undefined;
      }
    },
  };
}
