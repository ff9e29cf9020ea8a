import type { HealthChecks } from '@zameni/runtime';

/** Pings of the dependencies of the query API. */
export type Dependencies = {
  readonly replica: () => Promise<unknown>;
  readonly primary: () => Promise<unknown>;
  readonly redis: () => Promise<unknown>;
  readonly counters: () => Promise<unknown>;
  readonly nats: () => Promise<unknown>;
};

/**
 * The process is ready while it answers: it shares its dependencies with every other one, and taken
 * out of the gateway for their loss, none would be left. Each that is unavailable is degraded:
 * - without the cache reads are slower
 * - without the counters each process limits by itself
 * - without the replica the primary is read
 * - without the primary a missing view is not proven to be absent
 * - without both, what the cache covers is read, and the rest is answered 503
 * - without NATS an accepted registration that is not projected yet looks like an unknown one, and
 *   the lag of projections is not known
 */
export function createHealthChecks(dependencies: Dependencies): {
  readonly checks: HealthChecks;
  readonly degradedChecks: HealthChecks;
} {
  const { replica, primary, redis, counters, nats } = dependencies;
  return {
    checks: {},
    degradedChecks: {
      'postgres-replica': replica,
      'postgres-primary': primary,
      redis,
      'redis-counters': counters,
      nats,
    },
  };
}
