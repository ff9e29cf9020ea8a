import { redisKeys } from '@zameni/contracts';
import { createRateLimits, type Redis } from '@zameni/runtime';
import { createSilentLogger, PATIENCE_MS } from '@zameni/runtime/testing';
import test from 'ava';
import { runRedis } from './part.fixture.ts';

const MIB = 1_048_576;
/** An empty server takes a megabyte. */
const SMALL = 4 * MIB;
const FULL = 40 * MIB;
const BODY = 'x'.repeat(4_096);
const BATCH = 32;
const HOUR_MS = 3_600_000;
/** More takes than this test can make. */
const MANY = 1_000_000;

/** A process that has counted nothing yet. */
function limitsOn(redis: Redis, quota: number) {
  return createRateLimits({
    policies: { client: { quota, windowSeconds: HOUR_MS / 1_000 } },
    logger: createSilentLogger(),
    redis,
    deadlineMs: PATIENCE_MS,
  });
}

async function readFigure(redis: Redis, name: string): Promise<number> {
  const info = await redis.info();
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
}

test('a stranger who fills the cache makes nobody’s counter begin again', async (t) => {
  const cache = await runRedis(t, { server: 'cache', maxMemory: SMALL });
  const counters = await runRedis(t, { server: 'counters', maxMemory: SMALL });
  const [own, looker] = [await counters('command-api'), await counters('tester')];
  const counter = redisKeys.limit('client', 'k');
  await limitsOn(own, MANY).take('client', 'k');
  await looker.set(counter, String(MANY), 'KEEPTTL');

  const [reader, visitor] = [await cache('query-api'), await cache('tester')];
  // What a counter beside the entries would meet.
  await visitor.set(counter, String(MANY), 'PX', HOUR_MS);
  for (let filled = 0; filled < FULL; filled += BATCH * BODY.length) {
    const ids = Array.from({ length: BATCH }, (_, n) => `${filled}-${n}`);
    const fill = (id: string) => reader.hset(redisKeys.view('test', 1, 'user', id), 'b', BODY);
    await Promise.all(ids.map(fill));
  }
  t.true((await readFigure(reader, 'evicted_keys')) > 5_000);
  t.is(await visitor.exists(counter), 0, 'the control');

  t.is(await looker.get(counter), String(MANY));
  t.true((await looker.pttl(counter)) > 0);
  // A lost counter would allow a million.
  t.like(await limitsOn(own, MANY).take('client', 'k'), { isAllowed: false });
});

test('full, the counters forget nobody, and processes count new ones by themselves', async (t) => {
  const counters = await runRedis(t, { server: 'counters', maxMemory: SMALL });
  const [own, looker] = [await counters('command-api'), await counters('tester')];
  const limits = limitsOn(own, 4);
  t.like(await limits.take('client', 'k'), { remaining: 3 });
  // Buffers of connections count too and shrink, so it is full only when it refuses again and again.
  for (let [n, refused] = [0, 0]; refused < 20; n += BATCH) {
    const keys = Array.from({ length: refused > 0 ? 1 : BATCH }, (_, m) => `${n + m}`);
    const outcomes = await Promise.allSettled(
      keys.map((key) => own.incr(redisKeys.limit('client', key))),
    );
    const isFull = outcomes.some(
      (outcome) =>
        outcome.status === 'rejected' &&
        outcome.reason instanceof Error &&
        outcome.reason.message.startsWith('OOM '),
    );
    refused = isFull ? refused + 1 : 0;
  }
  t.is(await readFigure(own, 'evicted_keys'), 0);
  t.is(await looker.get(redisKeys.limit('client', 'k')), '1');
  t.like(await limits.take('client', 'k'), { remaining: 2, isAllowed: true });
  for (const remaining of [3, 2, 1, 0]) {
    t.like(await limits.take('client', 'new'), { remaining, isAllowed: true });
  }
  t.like(await limits.take('client', 'new'), { isAllowed: false });
});
