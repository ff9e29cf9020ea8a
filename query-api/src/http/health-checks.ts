import type { HealthChecks } from '@zameni/runtime';

/** Pings of what the query API reads from. */
export type Dependencies = {
  readonly replica: () => Promise<unknown>;
  readonly primary: () => Promise<unknown>;
  readonly redis: () => Promise<unknown>;
  readonly nats: () => Promise<unknown>;
};

/**
 * The process is ready while it can answer, that is while one of the two databases does. Each
 * dependency that is away is named as degraded: without Redis reads are slower, without the replica
 * the primary is read, without the primary nothing can be said to be absent, without NATS a
 * registration that is not yet in the read model cannot be told from one that never was.
 */
export function createHealthChecks(dependencies: Dependencies): {
  readonly checks: HealthChecks;
  readonly degradedChecks: HealthChecks;
} {
  const { replica, primary, redis, nats } = dependencies;
  return {
    checks: { postgres: () => Promise.any([replica(), primary()]) },
    degradedChecks: {
      'postgres-replica': replica,
      'postgres-primary': primary,
      redis,
      nats,
    },
  };
}
