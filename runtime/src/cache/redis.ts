import { Redis } from 'ioredis';
import type { Logger } from '../process/logger.ts';
import { createStoreCalls } from '../telemetry/store-calls.ts';
import { isMissingScript } from './scripts.ts';

export type { Redis } from 'ioredis';

/** How to reach Redis. */
export type RedisOptions = {
  /** URL with the user, without password. */
  readonly url: string;
  readonly password: string;
  readonly name: string;
  readonly logger: Logger;
  /** Milliseconds a command may take; without it a second. */
  readonly deadlineMs?: number;
};

/**
 * The default of `deadlineMs`: the last bound. Callers have shorter ones of their own, which give
 * an answer the turn that it needs after a stall of this process.
 */
const COMMAND_DEADLINE_MS = 1_000;

/**
 * A client for a server that may be unavailable. Commands then fail at once, nothing is queued, and
 * the client reconnects without limit, with jitter. Connecting starts in the background.
 */
export function createRedis(options: RedisOptions): Redis {
  const { url, password, name, logger, deadlineMs = COMMAND_DEADLINE_MS } = options;
  const { address, username } = splitUrl(url);
  const redis = new Redis(address, {
    username,
    password,
    connectionName: name,
    // Redis knows such names since 7.2, and our users may not set them.
    disableClientInfo: true,
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: deadlineMs,
    connectTimeout: 2_000,
    retryStrategy: (attempt) => Math.random() * Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)),
  });
  redis.on('error', (error) => logger.warn({ error }, 'redis connection fault'));
  measureCommands(redis);
  return redis;
}

/** The client takes an empty password from a URL that has a user, and no other one. */
function splitUrl(url: string): { readonly address: string; readonly username: string } {
  const address = new URL(url);
  const username = decodeURIComponent(address.username);
  address.username = '';
  return { address: address.href, username };
}

/** The commands that our code sends. */
const COMMANDS = ['del', 'eval', 'evalsha', 'hget', 'hmget'] as const;

/**
 * Measures each command, with a span that has its name only. Commands are measured where they are
 * called: several callers share a pipeline, which is sent in the context of one of them.
 */
function measureCommands(redis: Redis): void {
  const beginCall = createStoreCalls({ 'db.system.name': 'redis' });
  for (const name of COMMANDS) {
    const command = redis[name];
    const describe = () => ({ name, attributes: { 'db.operation.name': name } });
    Reflect.set(redis, name, (...args: unknown[]): unknown => {
      const end = beginCall(describe);
      const answer: unknown = Reflect.apply(command, redis, args);
      const fail = (error: unknown) => end(isMissingScript(error) ? undefined : error);
      if (answer instanceof Promise) void answer.then(() => end(), fail);
      return answer;
    });
  }
}
