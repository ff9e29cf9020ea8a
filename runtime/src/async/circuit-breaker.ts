import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { observe } from '../telemetry/metrics.ts';

/** Stops calls to a dependency that does not answer. */
export type Breaker = {
  /** Runs the work. Returns undefined if it fails, and at once while the breaker is open. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T | undefined>;
};

/**
 * Name, bounds and callbacks of a breaker, and a monotonic clock in milliseconds: after a jump of
 * the wall clock a breaker would stay open.
 */
export type BreakerOptions = {
  /** What it guards. A process has one of each. */
  readonly name: 'cache' | 'limits' | 'primary' | 'replica';
  readonly failuresToOpen: number;
  readonly openMs: number;
  readonly now: () => number;
  readonly onOpen: (error: unknown) => void;
  readonly onClose: () => void;
};

/**
 * States:
 * - closed: every call passes, and failures in a row are counted. `failuresToOpen` open the
 *   breaker.
 * - open: no call passes for `openMs`. Then one call passes as a probe. Its success closes the
 *   breaker, its failure opens it again.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  let failures = 0;
  let openUntilMs: number | undefined;
  // Never disposed: breakers live as long as their process.
  observe(METRICS.store.breakerOpen, () => [
    {
      value: openUntilMs === undefined ? 0 : 1,
      attributes: { 'zameni.breaker': options.name },
    },
  ]);

  function mayPass(): boolean {
    if (openUntilMs === undefined) return true;
    if (options.now() < openUntilMs) return false;
    openUntilMs = options.now() + options.openMs;
    return true;
  }

  return {
    run: async (work) => {
      if (!mayPass()) return undefined;
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
