import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import {
  COUNTED_LIMITS,
  REDIS_RIGHTS,
  REDIS_SERVERS,
  REDIS_USERS,
  redisKeys,
  type RedisServer,
  type RedisUser,
} from '@zameni/contracts';
import {
  createRateLimits,
  createViewCache,
  type Redis,
  readSecret,
  viewCacheKeys,
} from '@zameni/runtime';
import {
  connectTestRedis,
  createSilentLogger,
  PATIENCE_MS,
  readTestStack,
} from '@zameni/runtime/testing';
import test from 'ava';

type Service = Exclude<RedisUser, 'tester'>;
const SERVICES = REDIS_USERS.filter((user): user is Service => user !== 'tester');

/** A command with its arguments, and the users that may call it so. */
type Door = readonly [command: string, ...openFor: Service[]];

const logger = createSilentLogger();
const { redis: servers } = await readTestStack();

/** Keys of nobody, so that an open door shows no harm. */
const nobody = randomUUID();
const watermark = redisKeys.watermark(`test-${nobody}`, 1);
const view = redisKeys.view(`test-${nobody}`, 1, 'user', nobody);
const limit = (policy: string) => redisKeys.limit(policy, nobody);

/** Nobody may call these, at either server. Written out, so that no change goes unnoticed. */
const closed = [
  'FLUSHALL',
  'FLUSHDB',
  'KEYS *',
  'SCAN 0',
  'RANDOMKEY',
  'DBSIZE',
  'CONFIG GET *',
  'CONFIG SET maxmemory 1',
  'CONFIG REWRITE',
  'CONFIG RESETSTAT',
  'SCRIPT FLUSH',
  'SCRIPT KILL',
  'SCRIPT LOAD x',
  'FUNCTION LIST',
  'DEBUG SLEEP 0',
  'SHUTDOWN NOSAVE NOW',
  'SAVE',
  'BGSAVE',
  'REPLICAOF no one',
  'SYNC',
  'MONITOR',
  'SLOWLOG GET',
  'LATENCY LATEST',
  'MEMORY USAGE x',
  'CLIENT LIST',
  'CLIENT KILL ID 0',
  'CLIENT PAUSE 0',
  'ACL LIST',
  'ACL WHOAMI',
  'ACL SETUSER more',
  'MODULE LIST',
  'COMMAND COUNT',
  'SELECT 1',
  'SWAPDB 0 1',
  'PUBLISH x y',
  'SUBSCRIBE x',
  'WAIT 0 0',
  'MULTI',
] as const;

const every: readonly Service[] = SERVICES;

/** What a script calls is checked as what a client calls. */
const inScript = (...words: readonly string[]) =>
  `EVAL return(redis.call(${words.map((word) => `'${word}'`).join()})) 0`;

const doors: Readonly<Record<RedisServer, readonly Door[]>> = {
  cache: [
    ['PING', ...every],
    ['INFO memory', ...every],
    ['CLIENT SETNAME x', ...every],
    [`HGET ${watermark} position`, 'command-api', 'projector', 'query-api'],
    [`HMGET ${watermark} position`, 'projector', 'query-api'],
    [`HSET ${watermark} position 1`, 'projector'],
    [inScript('hset', watermark, 'b', 'x'), 'projector'],
    [`PEXPIRE ${watermark} 1`, 'projector'],
    [`DEL ${watermark}`, 'projector'],
    [`HGET ${view} b`, 'projector', 'query-api'],
    [`HMGET ${view} b`, 'projector', 'query-api'],
    [`HSET ${view} b x`, 'projector', 'query-api'],
    [inScript('hget', view, 'b'), 'projector', 'query-api'],
    [inScript('hset', view, 'b', 'x'), 'projector', 'query-api'],
    [inScript('del', view), 'projector'],
    [`PEXPIRE ${view} 1`, 'projector', 'query-api'],
    [`DEL ${view}`, 'projector'],
    [`UNLINK ${view}`],
    [`RENAME ${view} ${view}2`],
    [`COPY ${view} ${view}2`],
    [`DUMP ${view}`],
    [`HGETALL ${view}`],
    [`TTL ${view}`],
    [`EVAL return(1) 0`, 'projector', 'query-api'],
    [`EVAL return(1) 1 ${view}`, 'projector', 'query-api'],
    [`EVAL return(1) 1 ${watermark}`, 'projector'],
    [`EVALSHA ${'0'.repeat(40)} 0`, 'projector', 'query-api'],
    [inScript('flushall', 'async')],
    [inScript('keys', '*')],
    ['HGET other b'],
    ['HSET other b x'],
    [`INCR ${limit('client')}`],
    [`GET ${limit('client')}`],
  ],
  counters: [
    ['PING', 'command-api', 'query-api', 'monitor'],
    ['INFO memory', 'command-api', 'query-api', 'monitor'],
    ['CLIENT SETNAME x', 'command-api', 'query-api', 'monitor'],
    ['EVAL return(1) 0', 'command-api', 'query-api'],
    ...(['client', 'destructive'] as const).flatMap((policy): Door[] => [
      [`INCR ${limit(policy)}`, 'command-api'],
      [`PTTL ${limit(policy)}`, 'command-api'],
      [`EVAL return(1) 1 ${limit(policy)}`, 'command-api'],
      [inScript('incr', limit(policy)), 'command-api'],
      [`PEXPIRE ${limit(policy)} 1`, 'command-api'],
    ]),
    ...(['network-reads', 'caller-reads'] as const).flatMap((policy): Door[] => [
      [`INCR ${limit(policy)}`, 'query-api'],
      [`PTTL ${limit(policy)}`, 'query-api'],
      [`EVAL return(1) 1 ${limit(policy)}`, 'query-api'],
      [inScript('incr', limit(policy)), 'query-api'],
      [`PEXPIRE ${limit(policy)} 1`, 'query-api'],
    ]),
    [`GET ${limit('client')}`],
    [`SET ${limit('client')} 0`],
    [`DEL ${limit('client')}`],
    [`EVALSHA ${'0'.repeat(40)} 0`],
    [inScript('del', limit('client'))],
    [inScript('flushall', 'async')],
    ['INCR other'],
    [`HSET ${view} b x`],
  ],
};

for (const server of REDIS_SERVERS) {
  for (const user of SERVICES.filter((name) => REDIS_RIGHTS[server][name] !== undefined)) {
    test(`${user} does at the ${server} what it may and nothing else`, async (t) => {
      const redis = await connectTestRedis(t, user, server);
      const tried = [...doors[server], ...closed.map((command): Door => [command])];
      const open: string[] = [];
      for (const [command] of tried) if (await isOpen(redis, command)) open.push(command);
      t.deepEqual(
        open,
        tried.filter(([, ...openFor]) => openFor.includes(user)).map(([command]) => command),
      );
    });
  }

  test(`every right of a user at the ${server} is among the tried doors`, async (t) => {
    for (const user of SERVICES) {
      const { commands, reads, writes } = REDIS_RIGHTS[server][user] ?? noRights;
      const open = doors[server].filter(([, ...openFor]) => openFor.includes(user));
      const words = open.map(([command]) => command.toLowerCase());
      for (const command of commands) {
        const start = command.replace('|', ' ');
        t.true(
          words.some((word) => word.split(' ', 2).join(' ').startsWith(start)),
          command,
        );
      }
      for (const pattern of [...reads, ...writes]) {
        const prefix = pattern.replace(/\*$/, '').toLowerCase();
        t.true(
          words.some((word) => word.includes(prefix)),
          pattern,
        );
      }
    }
  });

  test(`the ${server} has the users of the table and no other`, async (t) => {
    const redis = await connectTestRedis(t, 'tester', server);
    const expected = REDIS_USERS.filter(
      (user) => user === 'tester' || REDIS_RIGHTS[server][user] !== undefined,
    );
    t.deepEqual(
      toTexts(await redis.call('ACL', 'USERS')).toSorted(),
      [...expected, 'default'].toSorted(),
    );
    const list = toTexts(await redis.call('ACL', 'LIST'));
    t.regex(list.find((line) => line.startsWith('user default ')) ?? '', / off .*-@all$/);
    for (const user of SERVICES) {
      const line = list.find((one) => one.startsWith(`user ${user} `)) ?? '';
      const granted = line.split(' ').filter((word) => word.startsWith('+'));
      const { commands } = REDIS_RIGHTS[server][user] ?? noRights;
      t.deepEqual(granted.toSorted(), commands.map((command) => `+${command}`).toSorted(), user);
    }
  });

  test(`only a user with its own password is in at the ${server}`, async (t) => {
    const { port } = servers[server];
    const [command, query] = [passwordOf('command-api'), passwordOf('query-api')];
    t.regex(await say(port, `AUTH query-api ${query}`, 'PING'), /^\+OK\r\n\+PONG/, 'the control');
    t.regex(await say(port, 'PING'), /^-NOAUTH/);
    for (const login of [
      `AUTH ${query}`,
      `AUTH default ${query}`,
      'AUTH default ""',
      `AUTH query-api ${command}`,
      `AUTH query-api ${query}x`,
      'AUTH query-api ""',
      `AUTH nobody ${query}`,
      `HELLO 3 AUTH query-api ${command}`,
    ]) {
      t.regex(await say(port, login, 'PING'), /^-(?:WRONGPASS|ERR)[^\r]*\r\n-NOAUTH/, login);
    }
  });
}

test('the projector is no user of the counters', async (t) => {
  const login = `AUTH projector ${passwordOf('projector')}`;
  t.regex(await say(servers.cache.port, login), /^\+OK/, 'the control');
  t.regex(await say(servers.counters.port, login), /^-WRONGPASS/);
});

test('with their rights the query API reads and fills, and the command API follows', async (t) => {
  const keys = viewCacheKeys(`test-${randomUUID()}`, 1);
  const cacheOf = async (user: RedisUser) =>
    createViewCache({
      redis: await connectTestRedis(t, user),
      keys: () => keys,
      liveVersion: () => 1,
      logger,
      deadlineMs: PATIENCE_MS,
    });
  const [query, command] = [await cacheOf('query-api'), await cacheOf('command-api')];
  const projector = await connectTestRedis(t, 'projector');
  await projector.call('HSET', keys.watermark, 'epoch', 'e', 'position', '6');
  const [id, view] = [randomUUID(), { version: 1, body: '{}' }];
  await query.offer({ kind: 'user', id, position: 6, view, modelVersion: 1 });
  t.like(await query.read('user', id, 6), { position: 6 });
  for (const cache of [query, command]) t.is(await cache.watermark(), 6);
  t.is(await command.read('user', id), undefined);
  await projector.del(keys.watermark, keys.entry('user', id));
});

test('with their rights both APIs count together with others of their kind', async (t) => {
  const key = randomUUID();
  const looker = await connectTestRedis(t, 'tester', 'counters');
  for (const user of ['command-api', 'query-api'] as const) {
    const redis = await connectTestRedis(t, user, 'counters');
    for (const name of COUNTED_LIMITS[user]) {
      const policies = { [name]: { quota: MANY, windowSeconds: 3_600 } };
      const options = { policies, logger, redis, deadlineMs: PATIENCE_MS };
      const take = () => createRateLimits(options).take(name, key);
      const counter = redisKeys.limit(name, key);
      await take();
      t.true((await looker.pttl(counter)) > 0, name);
      // What others have taken counts, so a process that has counted nothing itself refuses.
      await looker.set(counter, String(MANY), 'PX', 60_000);
      t.like(await take(), { isAllowed: false }, name);
    }
  }
});

/** More takes than a test can make. */
const MANY = 1_000_000;

const noRights = { commands: [], reads: [], writes: [] };

/** Whether a command passes the server's checks; Redis refuses DEBUG to everybody, before rights. */
async function isOpen(redis: Redis, line: string): Promise<boolean> {
  const [command = '', ...args] = line.split(' ');
  return redis.call(command, ...args).then(
    () => true,
    (error: unknown) => {
      // Refusals of the server have a code; those of the client itself have none.
      if (!(error instanceof Error && /^[A-Z]{3,} /.test(error.message))) throw error;
      return !/^NOPERM |^ERR (?:The user executing the script can't|DEBUG command not allowed)/.test(
        error.message,
      );
    },
  );
}

function passwordOf(user: RedisUser): string {
  return readSecret(servers.users[user]?.passwordFile ?? '');
}

/** What a server answers to lines until it closes the connection. */
async function say(port: number, ...lines: readonly string[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, signal: AbortSignal.timeout(5_000) });
  socket.setEncoding('utf8').write([...lines, 'QUIT', ''].join('\r\n'));
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

function toTexts(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}
