import test from 'ava';
import { createSilentLogger } from '../testing/silent-logger.ts';
import { createRateLimits, MAX_LOOKS } from './rate-limits.ts';

function createLimits() {
  const clock = { nowMs: 5_000 };
  const limits = createRateLimits({
    policies: { client: { quota: 2, windowSeconds: 10 }, reads: 'off' },
    logger: createSilentLogger(),
    now: () => clock.nowMs,
  });
  return { clock, limits };
}

test('allows the quota and no more', async (t) => {
  const { limits } = createLimits();
  const common = { quota: 2, windowSeconds: 10, resetSeconds: 10 };
  t.deepEqual(await limits.take('client', 'k'), { ...common, isAllowed: true, remaining: 1 });
  t.deepEqual(await limits.take('client', 'k'), { ...common, isAllowed: true, remaining: 0 });
  t.deepEqual(await limits.take('client', 'k'), { ...common, isAllowed: false, remaining: 0 });
  t.like(await limits.take('client', 'another'), { isAllowed: true });
});

test('allows the quota again when the window has ended', async (t) => {
  const { clock, limits } = createLimits();
  for (let i = 0; i < 5; i += 1) await limits.take('client', 'k');
  clock.nowMs = 14_999;
  t.like(await limits.take('client', 'k'), { isAllowed: false, resetSeconds: 1 });
  clock.nowMs = 15_000;
  t.like(await limits.take('client', 'k'), { isAllowed: true, remaining: 1, resetSeconds: 10 });
});

test('of a spent key so many requests are looked at in a second, of others all', async (t) => {
  const { clock, limits } = createLimits();
  const look = (key = 'k') => {
    const looks = Array.from({ length: MAX_LOOKS + 5 }, () => limits.mayLook('client', key));
    return looks.filter((may) => may).length;
  };
  await limits.take('client', 'k');
  t.is(look(), MAX_LOOKS + 5, 'the next take is not refused');
  await limits.take('client', 'k');
  t.is(look(), MAX_LOOKS);
  t.is(look(), 0);
  t.is(look('another'), MAX_LOOKS + 5);
  clock.nowMs += 1_000;
  t.is(look(), MAX_LOOKS);
  clock.nowMs = 15_000;
  t.is(look(), MAX_LOOKS + 5, 'the window has ended');
});

test('a policy that is off counts nothing', async (t) => {
  const { limits } = createLimits();
  t.deepEqual([limits.isOff('reads'), limits.isOff('client')], [true, false]);
  t.true(limits.mayLook('reads', 'k'));
  t.is(await limits.take('reads', 'k'), undefined);
});

test('a name that does not fit a header is refused at once', (t) => {
  const policies = { 'a"b': { quota: 1, windowSeconds: 1 } };
  t.throws(() => createRateLimits({ policies, logger: createSilentLogger() }));
});
