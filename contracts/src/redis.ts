/** The servers of Redis: one of cached views, and one of the counters of limits. */
export const REDIS_SERVERS = ['cache', 'counters'] as const;

/** The name of a server of Redis. */
export type RedisServer = (typeof REDIS_SERVERS)[number];

/** Builds the keys of both servers. No other code may build one. */
export const redisKeys = {
  watermark: (projection: string, version: number) => `zameni:watermark:${projection}:v${version}`,
  view: (projection: string, version: number, kind: string, id: string) =>
    `zameni:view:${projection}:v${version}:${kind}:${id}`,
  limit: (policy: string, key: string) => `zameni:limit:${policy}:${key}`,
} as const;

/**
 * The users of Redis. `monitor` is for exporters and the doctor. `tester` is for tests and
 * benchmarks: it exists in their stacks only, and may do everything there.
 */
export const REDIS_USERS = ['command-api', 'projector', 'query-api', 'monitor', 'tester'] as const;

/** The name of a user of Redis. */
export type RedisUser = (typeof REDIS_USERS)[number];

/** The limits that each service counts. Those of others are closed to it. */
export const COUNTED_LIMITS = {
  'command-api': ['client', 'destructive'],
  'query-api': ['network-reads', 'caller-reads'],
} as const;

/** A limit that a service counts. */
export type CountedLimit<Service extends keyof typeof COUNTED_LIMITS> =
  (typeof COUNTED_LIMITS)[Service][number];

/**
 * What a user may do at a server: commands, and patterns of keys that it may read and write. A
 * script may call what its user may, with the keys that its user may use.
 */
export type RedisRights = {
  readonly commands: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
};

/** A connection says its name, and asks once whether the server is ready. */
const CONNECT = ['ping', 'info', 'client|setname'];
const SCRIPTS = ['eval', 'evalsha'];

const watermarks = ['zameni:watermark:*'];
const views = ['zameni:view:*'];

/**
 * What each user may do at each server; everything else is denied. A user that is not named at a
 * server does not exist there, and nobody is in without a password.
 */
export const REDIS_RIGHTS: Readonly<
  Record<RedisServer, Readonly<Partial<Record<RedisUser, RedisRights>>>>
> = {
  cache: {
    // Waits until a command can be read. It may read no person.
    'command-api': { commands: [...CONNECT, 'hget'], reads: watermarks, writes: [] },
    projector: permit(
      [...CONNECT, ...SCRIPTS, 'hget', 'hmget', 'hset', 'pexpire', 'del'],
      [...watermarks, ...views],
    ),
    // Stores what it found in a database, and cannot say up to where an entry is true.
    'query-api': {
      commands: [...CONNECT, ...SCRIPTS, 'hget', 'hmget', 'hset', 'pexpire'],
      reads: [...watermarks, ...views],
      writes: views,
    },
    monitor: permit(CONNECT, []),
  },
  counters: {
    'command-api': countersOf('command-api'),
    'query-api': countersOf('query-api'),
    monitor: permit(CONNECT, []),
  },
};

function permit(commands: readonly string[], keys: readonly string[]): RedisRights {
  return { commands, reads: keys, writes: keys };
}

function countersOf(service: keyof typeof COUNTED_LIMITS): RedisRights {
  return permit(
    [...CONNECT, 'eval', 'incr', 'pttl', 'pexpire'],
    COUNTED_LIMITS[service].map((policy) => redisKeys.limit(policy, '*')),
  );
}
