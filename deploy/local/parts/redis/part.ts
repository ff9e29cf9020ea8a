import { join } from 'node:path';
import { REDIS_USERS, type RedisServer, type RedisUser } from '@zameni/contracts';
import { writeFor } from '../../host/owners.ts';
import { readPassword } from '../../profile/layout.ts';
import type { Profile } from '../../profile/names.ts';
import { dialogueProbe } from '../../supervisor/probe.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import { type PartContext, serverEnvironment } from '../context.ts';
import { redisConfig } from './config.ts';

/** The names of the processes. */
export const REDIS_PARTS = { cache: 'redis', counters: 'redis-counters' } as const satisfies Record<
  RedisServer,
  string
>;

/** The users of a profile: tests and benchmarks have one that may do everything. */
export function redisUsers(profile: Profile): readonly RedisUser[] {
  return REDIS_USERS.filter((user) => user !== 'tester' || profile !== 'local');
}

/** Creates the cache, and the server of the counters. */
export async function redisParts(context: PartContext): Promise<ProcessPart[]> {
  const { profile, ports, layout } = context;
  const logins = await Promise.all(
    redisUsers(profile).map(async (user) => ({
      user,
      password: await readPassword(layout.secrets.redisUsers[user]),
    })),
  );
  const part = async (server: RedisServer, port: number): Promise<ProcessPart> => {
    const name = REDIS_PARTS[server];
    const folder = layout.servers[name];
    const file = join(folder, 'redis.conf');
    const config = redisConfig({ server, port, folder, logins });
    const runAs = context.users.of(name);
    await writeFor(runAs, file, config);
    return {
      kind: 'process',
      name,
      after: [],
      command: [context.servers.redis.path, file],
      env: serverEnvironment(),
      runAs,
      deathSignal: 'KILL',
      stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
      // Nobody is in without a password, and it says so only when it serves.
      probe: dialogueProbe(port, 'PING\r\n', /^-NOAUTH/),
      readyDeadlineMs: 20_000,
      showsLines: false,
      mustDrain: false,
    };
  };
  return [await part('cache', ports.redis), await part('counters', ports.redisCounters)];
}
