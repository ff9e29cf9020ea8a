import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REDIS_USERS, type RedisServer, type RedisUser } from '@zameni/contracts';
import { createRedis, type Redis } from '@zameni/runtime';
import { createSilentLogger, findFreePort, PATIENCE_MS, waitUntil } from '@zameni/runtime/testing';
import type { ExecutionContext } from 'ava';
import { findServer, isFound } from '../../install/find-servers.ts';
import { redisConfig } from './config.ts';

/** Starts a Redis with our configuration and fewer bytes. Returns what logs in to it. */
export async function runRedis(
  t: ExecutionContext,
  { server, maxMemory }: { readonly server: RedisServer; readonly maxMemory: number },
): Promise<(user: RedisUser) => Promise<Redis>> {
  const program = await findServer('redis', []);
  if (!isFound(program)) throw new Error('there is no redis-server');
  const port = await findFreePort();
  const folder = await mkdtemp(join(tmpdir(), 'zameni-redis-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const password = randomUUID();
  const logins = REDIS_USERS.map((user) => ({ user, password }));
  const file = join(folder, 'redis.conf');
  await writeFile(file, redisConfig({ server, port, folder, logins, maxMemory }));
  const child = spawn(program.path, [file], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return async (user) => {
    const redis = createRedis({
      url: `redis://${user}@127.0.0.1:${port}`,
      password,
      name: 'test',
      logger: createSilentLogger(),
      deadlineMs: PATIENCE_MS,
    });
    t.teardown(() => redis.disconnect());
    await waitUntil(() => redis.status === 'ready');
    return redis;
  };
}
