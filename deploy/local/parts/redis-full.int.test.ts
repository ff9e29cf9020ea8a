import { redisKeys } from '@zameni/contracts';
import { createRateLimits, type Redis } from '@zameni/runtime';
import { createSilentLogger } from '@zameni/runtime/testing';
import test from 'ava';
import { runRedis } from './redis.fixture.ts';

const MIB = 1_048_576;
/** An empty server takes a megabyte. */
const SMALL = 4 * MIB;
const FULL = 40 * MIB;
const BODY = 'x'.repeat(4_096);

function limitsOn(redis: Redis) {
  return createRateLimits({
    policies: { client: { quota: 4, windowSeconds: 3_600 } },
    logger: createSilentLogger(),
    redis,
  });
}

function figure(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
}

test('a stranger who fills the cache makes nobody’s counter begin again', async (t) => {
  const cache = await runRedis(t, { server: 'cache', maxMemory: SMALL });
  const counters = await runRedis(t, { server: 'counters', maxMemory: SMALL });
  const [first, second] = [await counters('command-api'), await counters('command-api')];
  for (const remaining of [3, 2]) t.like(await limitsOn(first).take('client', 'k'), { remaining });

  const [reader, looker] = [await cache('query-api'), await cache('tester')];
  // What a counter beside the entries would meet.
  const beside = redisKeys.limit('client', 'k');
  await looker.set(beside, '2', 'PX', 3_600_000);
  for (let begun = 0; begun < FULL; begun += 64 * BODY.length) {
    const ids = Array.from({ length: 64 }, (_, n) => `${begun}-${n}`);
    await Promise.all(
      ids.map((id) => reader.hset(redisKeys.view('test', 1, 'user', id), 'b', BODY)),
    );
  }
  t.true(figure(await reader.info(), 'evicted_keys') > 5_000);
  t.is(await looker.exists(beside), 0, 'the control');

  // A process that has counted nothing itself goes on with the count of the others.
  t.like(await limitsOn(second).take('client', 'k'), { remaining: 1 });
});

test('full, the counters forget nobody, and processes count new ones by themselves', async (t) => {
  const counters = await runRedis(t, { server: 'counters', maxMemory: SMALL });
  const [own, looker] = [await counters('command-api'), await counters('tester')];
  const limits = limitsOn(own);
  t.like(await limits.take('client', 'k'), { remaining: 3 });
  const fill = async () => {
    for (let round = 0; ; round += 1) {
      const keys = Array.from({ length: 500 }, (_, n) =>
        redisKeys.limit('client', `${round}-${n}`),
      );
      await Promise.all(keys.map((key) => own.incr(key)));
    }
  };
  await t.throwsAsync(fill, { message: /^OOM / });
  t.is(figure(await own.info(), 'evicted_keys'), 0);
  t.is(await looker.get(redisKeys.limit('client', 'k')), '1');
  t.like(await limits.take('client', 'k'), { remaining: 2, isAllowed: true });
  for (const remaining of [3, 2, 1, 0]) {
    t.like(await limits.take('client', 'new'), { remaining, isAllowed: true });
  }
  t.like(await limits.take('client', 'new'), { isAllowed: false });
});
