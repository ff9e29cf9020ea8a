import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import pg from 'pg';
import { createRedis, type Redis } from '../cache/redis.ts';
import { readSecret } from '../keys/secret-file.ts';
import { migrate } from '../postgres/migrate.ts';
import { createPool, type Pool } from '../postgres/pool.ts';
import { addPassword } from '../postgres/url.ts';
import { createLogger, type Logger } from '../process/logger.ts';
import { readTestStack } from './stack.ts';

/** A database for one test on the stack's primary: how to reach it, and a pool. */
export type TestDatabase = { readonly url: string; readonly password: string; readonly pool: Pool };

/** Creates a logger without output. */
export function createSilentLogger(): Logger {
  return createLogger({ service: 'test', instance: 'test', level: 'silent' });
}

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
  const pool = createPool({
    url: url(name),
    password,
    max: 4,
    name: 'test',
    logger: createSilentLogger(),
  });
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

/** Creates a connected Redis client and a key prefix for one test. */
export async function createTestRedis(
  t: ExecutionContext,
): Promise<{ redis: Redis; prefix: string }> {
  const stack = await readTestStack();
  const redis = createRedis({
    url: stack.redis.url,
    password: readSecret(stack.redis.passwordFile),
    name: 'test',
    logger: createSilentLogger(),
  });
  t.teardown(() => redis.disconnect());
  if (redis.status !== 'ready') await once(redis, 'ready');
  return { redis, prefix: `test:${randomUUID()}:` };
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
