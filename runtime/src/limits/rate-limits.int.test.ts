import { once } from 'node:events';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createRedis, type Redis } from '../cache/redis.ts';
import { readSecret } from '../keys/secret-file.ts';
import { readTestStack } from '../testing/stack.ts';
import { createSilentLogger, createTestRedis } from '../testing/stores.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';

type Deps = { readonly redis: Redis; readonly prefix: string; readonly now?: () => number };

const logger = createSilentLogger();
const policies = { client: { quota: 4, windowSeconds: 60 } };

function createLimits(deps: Deps): RateLimits<'client'> {
  return createRateLimits({ policies, logger, ...deps });
}

async function remainingOf(limits: RateLimits<'client'>): Promise<number | undefined> {
  return (await limits.take('client', 'k'))?.remaining;
}

/** A proxy to the stack's Redis that passes nothing on while it is stalled. */
async function createStallingWay(t: ExecutionContext) {
  const stack = await readTestStack();
  const { port: serverPort } = stack.redis.counters;
  const login = stack.redis.users['tester'];
  if (login === undefined) throw new Error('no user for tests');
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
  const [one, other] = [await createTestRedis(t, 'counters'), await createTestRedis(t, 'counters')];
  const first = createLimits(one);
  const second = createLimits({ ...one, redis: other.redis });
  t.deepEqual(
    [await remainingOf(first), await remainingOf(second), await remainingOf(first)],
    [3, 2, 1],
  );
  t.is(await remainingOf(second), 0);
  for (const limits of [first, second]) {
    t.like(await limits.take('client', 'k'), { isAllowed: false, remaining: 0 });
  }
});

test('a counter expires from its first take, and is named by policy and key only', async (t) => {
  const { redis, prefix } = await createTestRedis(t, 'counters');
  const limits = createLimits({ redis, prefix });
  await Promise.all([remainingOf(limits), remainingOf(limits)]);
  const ms = await redis.pttl(`${prefix}zameni:limit:client:k`);
  t.true(ms > 50_000 && ms <= 60_000, `${ms}`);
});

test('a counter without an expiry gets one again', async (t) => {
  const { redis, prefix } = await createTestRedis(t, 'counters');
  const limits = createLimits({ redis, prefix });
  await remainingOf(limits);
  await redis.persist(`${prefix}zameni:limit:client:k`);
  t.like(await limits.take('client', 'k'), { remaining: 2, resetSeconds: 60 });
  t.true((await redis.pttl(`${prefix}zameni:limit:client:k`)) > 0);
});

test('a key beyond its quota is refused without asking Redis', async (t) => {
  const { redis, prefix } = await createTestRedis(t, 'counters');
  const limits = createLimits({ redis, prefix });
  for (let i = 0; i < 20; i += 1) await limits.take('client', 'k');
  t.is(await redis.get(`${prefix}zameni:limit:client:k`), '5');
});

test('without Redis, limits continue from the shared count', async (t) => {
  const [one, other] = [await createTestRedis(t, 'counters'), await createTestRedis(t, 'counters')];
  const first = createLimits(one);
  const second = createLimits({ ...one, redis: other.redis });
  await remainingOf(first);
  await remainingOf(second);
  other.redis.disconnect();
  t.is(await remainingOf(second), 1);
  t.is(await remainingOf(second), 0);
  t.like(await second.take('client', 'k'), { isAllowed: false });
  t.like(await second.take('client', 'never seen'), { isAllowed: true, remaining: 3 });
  t.is(await remainingOf(first), 1);
});

test('after an outage Redis decides again', async (t) => {
  const { redis, prefix } = await createTestRedis(t, 'counters');
  const limits = createLimits({ redis, prefix });
  await remainingOf(limits);
  redis.disconnect();
  t.is(await remainingOf(limits), 2);
  if (redis.status !== 'end') await once(redis, 'end');
  await redis.connect();
  t.is(await remainingOf(limits), 2);
});

test('a silent Redis is not asked after three timeouts, and asked again later', async (t) => {
  const { prefix, redis: direct } = await createTestRedis(t, 'counters');
  const clock = { nowMs: Date.now() };
  const way = await createStallingWay(t);
  const limits = createLimits({ redis: way.redis, prefix, now: () => clock.nowMs });
  const counted = () => direct.get(`${prefix}zameni:limit:client:k`);
  t.is(await remainingOf(limits), 3);
  way.stall();
  for (const key of ['a', 'b', 'c']) t.like(await limits.take('client', key), { remaining: 3 });
  way.resume();
  t.is(await remainingOf(limits), 2);
  t.is(await counted(), '1');
  clock.nowMs += 500;
  t.is(await remainingOf(limits), 2);
  t.is(await counted(), '2');
});
