import { createPool, type Pool, readSecret } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { createSilentLogger } from '@zameni/runtime/testing';

/** Statements of a bench may copy whole tables. */
const QUERY_DEADLINE_MS = 30 * 60_000;

/** Connects to the stack's database on the primary as its superuser. */
export function connectSuperuser({ postgres }: Stack): Pool {
  const { user, passwordFile } = postgres.superuser;
  const { host, port } = postgres.primary;
  return createPool({
    url: `postgres://${user}@${host}:${port}/${postgres.database}`,
    password: readSecret(passwordFile),
    max: 2,
    name: 'bench',
    logger: createSilentLogger(),
    queryDeadlineMs: QUERY_DEADLINE_MS,
  });
}
