import test from 'ava';
import { createSilentLogger } from '../testing/stores.ts';
import { createRateLimits } from './rate-limits.ts';

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

test('a key is spent when the next take would be refused; asking counts nothing', async (t) => {
  const { clock, limits } = createLimits();
  const seen: boolean[] = [];
  for (let n = 0; n < 3; n += 1) {
    seen.push(limits.isSpent('client', 'k'), limits.isSpent('client', 'k'));
    await limits.take('client', 'k');
  }
  t.deepEqual(seen, [false, false, false, false, true, true]);
  t.false(limits.isSpent('client', 'another'));
  clock.nowMs = 15_000;
  t.false(limits.isSpent('client', 'k'));
});

test('a policy that is off counts nothing', async (t) => {
  const { limits } = createLimits();
  t.deepEqual([limits.isOff('reads'), limits.isOff('client')], [true, false]);
  t.false(limits.isSpent('reads', 'k'));
  t.is(await limits.take('reads', 'k'), undefined);
});

test('a name that does not fit a header is refused at once', (t) => {
  const policies = { 'a"b': { quota: 1, windowSeconds: 1 } };
  t.throws(() => createRateLimits({ policies, logger: createSilentLogger() }));
});
