import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import pg from 'pg';
import { createRedis, type Redis } from '../cache/redis.ts';
import { readSecret } from '../keys/secret-file.ts';
import { migrate } from '../postgres/migrate.ts';
import type { Pool } from '../postgres/pool.ts';
import { addPassword } from '../postgres/url.ts';
import type { RedisServer, RedisUser } from '@zameni/contracts';
import { readTestStack, type Stack } from './stack.ts';
import { createTestPool } from './pools.ts';
import { createSilentLogger } from './silent-logger.ts';
import { PATIENCE_MS, waitUntil } from './wait.ts';

/** A database for one test on the stack's primary: how to reach it, and a pool. */
export type TestDatabase = { readonly url: string; readonly password: string; readonly pool: Pool };

/** Creates an empty database. It is deleted when the test ends. */
export async function createEmptyTestDatabase(t: ExecutionContext): Promise<TestDatabase> {
  const { postgres } = await readTestStack();
  const { user, passwordFile } = postgres.superuser;
  const { host, port } = postgres.primary;
  const password = readSecret(passwordFile);
  // Without the form of an id, which no span may have, and the name of its database is in one.
  const name = `test_${randomUUID().replaceAll('-', '_')}`;
  const url = (database: string) => `postgres://${user}@${host}:${port}/${database}`;
  await runOnce(url('postgres'), password, `create database ${name}`);
  const pool = createTestPool({ url: url(name), password, max: 4 });
  t.teardown(async () => {
    await pool.end();
    await runOnce(url('postgres'), password, `drop database ${name} with (force)`);
  });
  return { url: url(name), password, pool };
}

/** Creates a database with version 1 of the read models. It is deleted when the test ends. */
export async function createTestDatabase(t: ExecutionContext): Promise<TestDatabase> {
  const database = await createEmptyTestDatabase(t);
  const projector = join(import.meta.dirname, '../../../projector');
  const { url, password } = database;
  const [directory, readModels] = [join(projector, 'migrations'), join(projector, 'read-models')];
  await migrate({ url, password, directory, readModels });
  return database;
}

/** Connects to a Redis of the test stack as one of its users. */
export async function connectTestRedis(
  t: ExecutionContext,
  user: RedisUser,
  server: RedisServer = 'cache',
): Promise<Redis> {
  const redis = openRedisOf(await readTestStack(), { user, server });
  t.teardown(() => redis.disconnect());
  await waitUntil(() => redis.status === 'ready');
  return redis;
}

/** Opens a client of a stack's Redis. It connects in the background. */
export function openRedisOf(
  { redis }: Stack,
  { user, server }: { readonly user: RedisUser; readonly server: RedisServer },
): Redis {
  const login = redis.users[user];
  if (login === undefined) throw new Error(`there is no user ${user} of Redis`);
  return createRedis({
    url: `redis://${user}@${redis[server].address}`,
    password: readSecret(login.passwordFile),
    name: 'test',
    logger: createSilentLogger(),
    deadlineMs: PATIENCE_MS,
  });
}

async function runOnce(url: string, password: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: addPassword(url, password) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
