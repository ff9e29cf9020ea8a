import test from 'ava';
import { createLineLimit } from './line-limit.ts';

test('shows a burst, then one line per period with the number of suppressed lines', (t) => {
  const clock = { now: 0 };
  const limit = createLineLimit({ burst: 2, refillMs: 100, now: () => clock.now });
  t.deepEqual([limit.admit(), limit.admit(), limit.admit(), limit.admit()], [0, 0, null, null]);
  clock.now = 100;
  t.deepEqual([limit.admit(), limit.admit()], [2, null]);
  clock.now = 1_000;
  t.deepEqual([limit.admit(), limit.admit(), limit.admit()], [1, 0, null]);
});
