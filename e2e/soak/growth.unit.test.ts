import test from 'ava';
import { findGrowth } from './growth.ts';
import type { Held } from './measure.ts';

const calm: Held = { heapBytes: 30e6, handles: 40, timers: 5 };

/** Twelve measurements; `grown` is what each has more than the calm one. */
const course = (grown: (n: number) => Partial<Held>) => ({
  held: Array.from({ length: 12 }, (_, n) => ({ ...calm, ...grown(n) })),
  seconds: 300,
  cacheBytes: 1_000_000,
});

test('a process that holds as much as before does not grow', (t) => {
  t.deepEqual(findGrowth(course(() => ({}))), []);
});

test('what is released again is no growth', (t) => {
  t.deepEqual(
    findGrowth(course((n) => (n % 4 === 3 ? {} : { heapBytes: 90e6, handles: 900, timers: 900 }))),
    [],
  );
});

test('whatever grows is named', (t) => {
  const grown = findGrowth(
    course((n) => ({
      heapBytes: 30e6 + n * 400_000,
      handles: 40 + 8 * n,
      timers: 5 + 8 * n,
    })),
  );
  t.deepEqual(grown, [
    'heapBytes grew by 3200000 in 300 s',
    'handles grew by 64 in 300 s',
    'timers grew by 64 in 300 s',
  ]);
});
