import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { withDeadline } from '../async/retry.ts';

/** A check of each dependency by name: resolves when it answers, rejects when it does not. */
export type HealthChecks = Readonly<Record<string, () => Promise<unknown>>>;

/** Answer of `/readyz`: what is missing, and what is missing but can be done without. */
export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    missing: Type.Array(Type.String()),
    degraded: Type.Array(Type.String()),
  },
  { additionalProperties: false, title: 'Readiness' },
);
export type Readiness = Static<typeof Readiness>;

/** Milliseconds a dependency has to answer; under the gateway's own deadline for a check. */
const CHECK_DEADLINE_MS = 1_000;

/** Adds `/livez` (the process answers) and `/readyz` (its dependencies do; 503 names the missing). */
export function addHealthRoutes(
  app: FastifyInstance,
  options: { readonly checks: HealthChecks; readonly degradedChecks?: HealthChecks },
): void {
  app.get('/livez', async () => ({ live: true }));
  app.get('/readyz', async (_request, reply) => {
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
        await withDeadline(check(), CHECK_DEADLINE_MS, () => new Error(`${name} did not answer`));
        return undefined;
      } catch {
        // The name is the answer; the dependency's own client has logged why.
        return name;
      }
    }),
  );
  return results.filter((name) => name !== undefined);
}
