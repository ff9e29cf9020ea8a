/** The delays between restarts of a process, and the number of deaths after which they end. */
export type RestartBounds = {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Milliseconds of readiness after which the next delay is `firstDelayMs` again. */
  readonly healthyMs: number;
  /** Deaths in a row, without readiness in between, after which the process is given up. */
  readonly maxDeaths: number;
};

/** The bounds of a local stack. Ten deaths in a row take about half a minute. */
export const RESTART_BOUNDS: RestartBounds = {
  firstDelayMs: 100,
  longestDelayMs: 5_000,
  healthyMs: 30_000,
  maxDeaths: 10,
};

/** The restarts of one process. */
export type RestartPolicy = {
  readonly onReady: () => void;
  /** Milliseconds until the next start; null if the process is given up. */
  readonly onDeath: () => number | null;
};

/** Time in milliseconds, and random numbers from 0 to 1. */
export type RestartWorld = { readonly now: () => number; readonly random: () => number };

/** Delays double with each death. Half of each is random, so that processes restart out of step. */
export function createRestartPolicy(bounds: RestartBounds, world: RestartWorld): RestartPolicy {
  const { firstDelayMs, longestDelayMs, healthyMs, maxDeaths } = bounds;
  let boundMs = firstDelayMs;
  let readyAt: number | null = null;
  let deaths = 0;
  return {
    onReady: () => {
      readyAt = world.now();
      deaths = 0;
    },
    onDeath: () => {
      if (readyAt !== null && world.now() - readyAt >= healthyMs) boundMs = firstDelayMs;
      readyAt = null;
      deaths += 1;
      if (deaths >= maxDeaths) return null;
      const delayMs = boundMs * (0.5 + world.random() / 2);
      boundMs = Math.min(longestDelayMs, boundMs * 2);
      return delayMs;
    },
  };
}
