import test from 'ava';
import { createTokenCache } from './token-cache.ts';

function createTestCache(maxEntries = 3) {
  const clock = { nowMs: 1_000 };
  const cache = createTokenCache<string>({ maxEntries, now: () => clock.nowMs });
  return { cache, clock };
}

test('a value is found until its end', (t) => {
  const { cache, clock } = createTestCache();
  cache.set('a', 'A', 1_500);
  t.is(cache.get('a'), 'A');
  t.is(cache.get('b'), undefined);
  clock.nowMs = 1_499;
  t.is(cache.get('a'), 'A');
  clock.nowMs = 1_500;
  t.is(cache.get('a'), undefined);
  clock.nowMs = 1_000;
  t.is(cache.get('a'), undefined);
});

test('a value whose end has passed is not stored', (t) => {
  const { cache } = createTestCache(1);
  cache.set('a', 'A', 2_000);
  cache.set('b', 'B', 1_000);
  t.is(cache.get('a'), 'A');
  t.is(cache.get('b'), undefined);
});

test('the oldest value is evicted when full, and a renewed one is not the oldest', (t) => {
  const { cache } = createTestCache();
  for (const token of ['a', 'b', 'c', 'a', 'd']) cache.set(token, token, 2_000);
  t.deepEqual(
    ['a', 'b', 'c', 'd'].map((token) => cache.get(token)),
    ['a', undefined, 'c', 'd'],
  );
});

test('a clock that is set back does not make a value last longer', (t) => {
  const { cache, clock } = createTestCache();
  cache.set('a', 'A', 2_000);
  clock.nowMs = 999;
  t.is(cache.get('a'), undefined);
});
