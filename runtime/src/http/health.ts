import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { withDeadline } from '../async/retry.ts';
import { Fault } from '../errors.ts';

/** Checks by the name of a dependency. A check resolves if the dependency answers, or rejects. */
export type HealthChecks = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * Answer of `/readyz`: `missing` and `leaving` make the process not ready, `degraded` does not. What
 * all processes of a service share is `degraded`: without it none would be ready, and none left to
 * answer.
 */
const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    leaving: Type.Optional(Type.Literal(true)),
    missing: Type.Array(Type.String()),
    degraded: Type.Array(Type.String()),
  },
  { additionalProperties: false, title: 'Readiness' },
);
type Readiness = Static<typeof Readiness>;

/** Milliseconds a dependency has to answer. Less than the gateway's deadline for a check. */
const CHECK_DEADLINE_MS = 1_000;

/** Adds `/livez` (the process answers) and `/readyz` (it wants requests, otherwise 503). */
export function addHealthRoutes(
  app: FastifyInstance,
  options: {
    readonly checks: HealthChecks;
    readonly degradedChecks?: HealthChecks;
    readonly leaving?: AbortSignal;
  },
): void {
  app.get('/livez', async () => ({ live: true }));
  app.get('/readyz', async (_request, reply) => {
    if (options.leaving?.aborted === true) {
      const readiness: Readiness = { ready: false, leaving: true, missing: [], degraded: [] };
      return reply.code(503).send(readiness);
    }
    const [missing, degraded] = await Promise.all([
      failing(options.checks),
      failing(options.degradedChecks ?? {}),
    ]);
    const readiness: Readiness = { ready: missing.length === 0, missing, degraded };
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
}

async function failing(checks: HealthChecks): Promise<string[]> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await withDeadline(check(), CHECK_DEADLINE_MS, () => new Fault(`${name} did not answer`));
        return undefined;
      } catch {
        // The answer has the name only. The dependency's client logs the reason.
        return name;
      }
    }),
  );
  return results.filter((name) => name !== undefined);
}
