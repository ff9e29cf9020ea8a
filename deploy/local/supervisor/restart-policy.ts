/** When a process that died is started again, and when that is given up. */
export type RestartBounds = {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Milliseconds of health after which a death counts as the first one again. */
  readonly healthyMs: number;
  /** Deaths in a row without being ready in between, after which it is not started again. */
  readonly maxDeaths: number;
};

/** The bounds of a local stack: ten deaths in a row take about half a minute. */
export const RESTART_BOUNDS: RestartBounds = {
  firstDelayMs: 100,
  longestDelayMs: 5_000,
  healthyMs: 30_000,
  maxDeaths: 10,
};

/** The restarts of one process. */
export type RestartPolicy = {
  readonly onReady: () => void;
  /** Milliseconds until the next start; null when there is none. */
  readonly onDeath: () => number | null;
};

/** Time and chance, which tests make up. */
export type RestartWorld = { readonly now: () => number; readonly random: () => number };

/** Delays double with each death; half of each is drawn, so that many do not restart in step. */
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
