import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { redisKeys } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { createRedis, type Redis } from '../cache/redis.ts';
import { readSecret } from '../keys/secret-file.ts';
import { readTestStack } from '../testing/stack.ts';
import { createSilentLogger } from '../testing/silent-logger.ts';
import { connectTestRedis } from '../testing/stores.ts';
import { PATIENCE_MS } from '../testing/wait.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';

type Deps = {
  readonly redis: Redis;
  readonly now?: () => number;
  readonly deadlineMs?: number;
};

const logger = createSilentLogger();
const policies = { client: { quota: 4, windowSeconds: 60 } };

function createLimits(deps: Deps): RateLimits<'client'> {
  return createRateLimits({ policies, logger, deadlineMs: PATIENCE_MS, ...deps });
}

async function remainingOf(limits: RateLimits<'client'>, key: string): Promise<number | undefined> {
  return (await limits.take('client', key))?.remaining;
}

/** Limits count as their service does, and what looks at the counters is a user for tests. */
const connect = (t: ExecutionContext) => connectTestRedis(t, 'command-api', 'counters');
const connectLooker = (t: ExecutionContext) => connectTestRedis(t, 'tester', 'counters');

/** A proxy to the stack's Redis that passes nothing on while it is stalled. */
async function createStallingWay(t: ExecutionContext) {
  const stack = await readTestStack();
  const { port: serverPort } = stack.redis.counters;
  const login = stack.redis.users['command-api'];
  if (login === undefined) throw new Error('no user of the service');
  const ends = new Set<net.Socket>();
  const way = net.createServer((near) => {
    const far = net.connect(serverPort, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const end of [near, far]) {
      ends.add(end);
      end.on('error', () => end.destroy());
      end.on('close', () => {
        near.destroy();
        far.destroy();
      });
    }
  });
  await once(way.listen(0, '127.0.0.1'), 'listening');
  const address = way.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const redis = createRedis({
    url: `redis://${login.user}@127.0.0.1:${address.port}`,
    password: readSecret(login.passwordFile),
    name: 'test',
    logger,
    deadlineMs: PATIENCE_MS,
  });
  t.teardown(() => {
    redis.disconnect();
    for (const end of ends) end.destroy();
    way.close();
  });
  await once(redis, 'ready');
  return {
    redis,
    stall: () => {
      for (const end of ends) end.pause();
    },
    resume: () => {
      for (const end of ends) end.resume();
    },
  };
}

test('processes share the count', async (t) => {
  const key = randomUUID();
  const [one, other] = [await connect(t), await connect(t)];
  const first = createLimits({ redis: one });
  const second = createLimits({ redis: other });
  t.deepEqual(
    [await remainingOf(first, key), await remainingOf(second, key), await remainingOf(first, key)],
    [3, 2, 1],
  );
  t.is(await remainingOf(second, key), 0);
  for (const limits of [first, second]) {
    t.like(await limits.take('client', key), { isAllowed: false, remaining: 0 });
  }
});

test('a counter expires from its first take, and is named by policy and key only', async (t) => {
  const key = randomUUID();
  const [redis, looker] = [await connect(t), await connectLooker(t)];
  const limits = createLimits({ redis });
  await Promise.all([remainingOf(limits, key), remainingOf(limits, key)]);
  const ms = await looker.pttl(redisKeys.limit('client', key));
  t.true(ms > 50_000 && ms <= 60_000, `${ms}`);
});

test('a counter without an expiry gets one again', async (t) => {
  const key = randomUUID();
  const [redis, looker] = [await connect(t), await connectLooker(t)];
  const limits = createLimits({ redis });
  await remainingOf(limits, key);
  await looker.persist(redisKeys.limit('client', key));
  t.like(await limits.take('client', key), { remaining: 2, resetSeconds: 60 });
  t.true((await looker.pttl(redisKeys.limit('client', key))) > 0);
});

test('a key beyond its quota is refused without asking Redis', async (t) => {
  const key = randomUUID();
  const [redis, looker] = [await connect(t), await connectLooker(t)];
  const limits = createLimits({ redis });
  for (let i = 0; i < 20; i += 1) await limits.take('client', key);
  t.is(await looker.get(redisKeys.limit('client', key)), '5');
});

test('without Redis, limits continue from the shared count', async (t) => {
  const key = randomUUID();
  const [one, other] = [await connect(t), await connect(t)];
  const first = createLimits({ redis: one });
  const second = createLimits({ redis: other });
  await remainingOf(first, key);
  await remainingOf(second, key);
  other.disconnect();
  t.is(await remainingOf(second, key), 1);
  t.is(await remainingOf(second, key), 0);
  t.like(await second.take('client', key), { isAllowed: false });
  t.like(await second.take('client', randomUUID()), { isAllowed: true, remaining: 3 });
  t.is(await remainingOf(first, key), 1);
});

test('after an outage Redis decides again', async (t) => {
  const key = randomUUID();
  const redis = await connect(t);
  const limits = createLimits({ redis });
  await remainingOf(limits, key);
  redis.disconnect();
  t.is(await remainingOf(limits, key), 2);
  if (redis.status !== 'end') await once(redis, 'end');
  await redis.connect();
  t.is(await remainingOf(limits, key), 2);
});

test('a silent Redis is not asked after three timeouts, and asked again later', async (t) => {
  const key = randomUUID();
  const direct = await connectLooker(t);
  const clock = { nowMs: Date.now() };
  const way = await createStallingWay(t);
  const limits = createLimits({ redis: way.redis, now: () => clock.nowMs, deadlineMs: 1_000 });
  const counted = () => direct.get(redisKeys.limit('client', key));
  t.is(await remainingOf(limits, key), 3);
  way.stall();
  for (const other of ['a', 'b', 'c'])
    t.like(await limits.take('client', `${key}-${other}`), { remaining: 3 });
  way.resume();
  t.is(await remainingOf(limits, key), 2);
  t.is(await counted(), '1');
  clock.nowMs += 500;
  t.is(await remainingOf(limits, key), 2);
  t.is(await counted(), '2');
});
