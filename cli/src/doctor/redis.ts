import { once } from 'node:events';
import { REDIS_SERVERS, type RedisServer } from '@zameni/contracts';
import { createLogger, createRedis, readSecret } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { SERVER_CATALOG } from '../../../deploy/local/install/server-catalog.ts';
import { isAtLeast } from '../../../deploy/local/install/version.ts';
import { type Check, check, type Finding } from './report.ts';

/** The servers by their names in the stack, and what goes on without them. */
const SERVERS = {
  cache: { name: 'redis', without: 'reads are slower but correct' },
  counters: { name: 'redis-counters', without: 'each process limits by itself' },
} as const satisfies Record<RedisServer, object>;

/** Checks both servers of Redis. No answer depends on one, so a fault is a warning. */
export function checkRedis(stack: Stack): Promise<Check>[] {
  return REDIS_SERVERS.map((server) => checkServer(stack, server));
}

function checkServer({ redis, folders }: Stack, server: RedisServer): Promise<Check> {
  const { name, without } = SERVERS[server];
  const restart = 'stop npm start with Ctrl-C and run it again';
  const remedy = `tail -n 30 ${folders.logs}/${name}.log; ${restart}`;
  const look = async (): Promise<Finding> => {
    const login = redis.users['monitor'];
    if (login === undefined) throw new Error('no user of Redis may be used');
    const client = createRedis({
      url: `redis://${login.user}@${redis[server].address}`,
      password: readSecret(login.passwordFile),
      name: 'zameni-doctor',
      logger: createLogger({ service: 'cli', instance: 'doctor', level: 'silent' }),
    });
    try {
      await once(client, 'ready', { signal: AbortSignal.timeout(3_000) });
      return judgeRedis(await client.info());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const found = `${without}: ${reason}`;
      return { level: 'warn', found, remedy };
    } finally {
      client.disconnect();
    }
  };
  return check({ area: 'cache', name, remedy, look });
}

/** Judges the report of Redis. */
export function judgeRedis(info: string): Finding {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const version = field('redis_version') ?? 'unknown';
  const { minimumVersion } = SERVER_CATALOG.redis;
  if (!isAtLeast(version, minimumVersion)) {
    const found = `${version}, and ${minimumVersion} is needed`;
    return { level: 'fail', found, remedy: 'sudo apt-get install redis-server' };
  }
  return `${version}, ${field('used_memory_human') ?? '?'} used`;
}
