import { createHash } from 'node:crypto';
import {
  REDIS_RIGHTS,
  type RedisRights,
  type RedisServer,
  type RedisUser,
} from '@zameni/contracts';

/** A user of Redis with its password. */
export type RedisLogin = { readonly user: RedisUser; readonly password: string };

/** Settings of one server. */
export type RedisSettings = {
  readonly server: RedisServer;
  readonly port: number;
  readonly folder: string;
  /** Those that have no rights at the server get no user there. */
  readonly logins: readonly RedisLogin[];
  /** Bytes for keys and values. */
  readonly maxMemory?: number;
};

const MIB = 1_048_576;

/** Bytes of each server. A counter takes 170 bytes, so there is room for 400,000 of them. */
const MAX_MEMORY: Readonly<Record<RedisServer, number>> = {
  cache: 256 * MIB,
  counters: 64 * MIB,
};

/**
 * What differs. The cache forgets what was not read for long. A counter that was forgotten would
 * begin again at zero, so that server refuses new ones instead, and services then count alone.
 */
const POLICY: Readonly<Record<RedisServer, string>> = {
  cache: 'allkeys-lru',
  counters: 'noeviction',
};

/** For tests and benchmarks, which look into the servers, empty them and make them too small. */
const EVERYTHING: RedisRights = { commands: ['@all'], reads: ['*'], writes: ['*'] };

/**
 * Writes the configuration of a Redis that stores nothing on disk. A log of slow commands would keep
 * their arguments, which are views of people, beyond every erasure; so there is none.
 */
export function redisConfig(settings: RedisSettings): string {
  const { server, port, folder, logins, maxMemory = MAX_MEMORY[server] } = settings;
  return `bind 127.0.0.1
port ${port}
unixsocket ""
dir ${JSON.stringify(folder)}
daemonize no
save ""
appendonly no
slowlog-log-slower-than -1
maxmemory ${maxMemory}
maxmemory-policy ${POLICY[server]}
# An entry, mostly one body, is kept in one piece: 42 % less memory than as a hash table.
hash-max-listpack-value 4096
user default off resetpass resetkeys resetchannels -@all
${logins.map((login) => toUser(login, rightsOf(server, login.user))).join('')}`;
}

function rightsOf(server: RedisServer, user: RedisUser): RedisRights | undefined {
  return user === 'tester' ? EVERYTHING : REDIS_RIGHTS[server][user];
}

/** The password is written as its digest, which no client can log in with. */
function toUser({ user, password }: RedisLogin, rights: RedisRights | undefined): string {
  if (rights === undefined) return '';
  const digest = createHash('sha256').update(password).digest('hex');
  const commands = rights.commands.map((command) => `+${command}`);
  const keys = [...new Set([...rights.reads, ...rights.writes])].map((pattern) => {
    const may = `${rights.reads.includes(pattern) ? 'R' : ''}${rights.writes.includes(pattern) ? 'W' : ''}`;
    return `%${may}~${pattern}`;
  });
  return `user ${[user, 'on', `#${digest}`, 'resetchannels', '-@all', ...commands, ...keys].join(' ')}\n`;
}
