import { once } from 'node:events';
import { createLogger, createRedis, readSecret } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { SERVER_CATALOG } from '../../../deploy/local/install/server-catalog.ts';
import { isAtLeast } from '../../../deploy/local/install/version.ts';
import { type Check, check, type Finding } from './report.ts';

/** Checks Redis. Without it reads are slower but correct, so a fault is a warning. */
export function checkCache({ redis, folders }: Stack): Promise<Check>[] {
  const restart = 'stop npm start with Ctrl-C and run it again';
  const remedy = `tail -n 30 ${folders.logs}/redis.log; ${restart}`;
  const look = async (): Promise<Finding> => {
    const client = createRedis({
      url: redis.url,
      password: readSecret(redis.passwordFile),
      name: 'zameni-doctor',
      logger: createLogger({ service: 'cli', instance: 'doctor', level: 'silent' }),
    });
    try {
      await once(client, 'ready', { signal: AbortSignal.timeout(3_000) });
      return judgeRedis(await client.info());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const found = `reads are slower but correct: ${reason}`;
      return { level: 'warn', found, remedy };
    } finally {
      client.disconnect();
    }
  };
  return [check({ area: 'cache', name: 'redis', remedy, look })];
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
