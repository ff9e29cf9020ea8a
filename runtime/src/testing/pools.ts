import { readSecret } from '../keys/secret-file.ts';
import { createPool, type Pool, type PoolOptions } from '../postgres/pool.ts';
import { createSilentLogger } from './silent-logger.ts';
import type { Stack } from './stack.ts';
import { PATIENCE_MS } from './wait.ts';

/** A pool of one connection unless `options` say otherwise, which waits as long as a test does. */
export function createTestPool(
  options: Pick<PoolOptions, 'url' | 'password'> & Partial<PoolOptions>,
): Pool {
  return createPool({
    max: 1,
    name: 'test',
    logger: createSilentLogger(),
    connectDeadlineMs: PATIENCE_MS,
    queryDeadlineMs: PATIENCE_MS,
    ...options,
  });
}

/** Differences of the pool, and the server it connects to. */
export type SuperuserPoolOptions = Partial<Omit<PoolOptions, 'url' | 'password'>> & {
  /** The primary if it is left out. */
  readonly server?: { readonly host: string; readonly port: number };
};

/** Connects to the stack's database as its superuser. */
export function openSuperuserPool({ postgres }: Stack, options: SuperuserPoolOptions = {}): Pool {
  const { user, passwordFile } = postgres.superuser;
  const { server: { host, port } = postgres.primary, ...others } = options;
  return createTestPool({
    url: `postgres://${user}@${host}:${port}/${postgres.database}`,
    password: readSecret(passwordFile),
    ...others,
  });
}
