import test from 'ava';
import { createRestartPolicy, RESTART_BOUNDS } from './restart-policy.ts';

function start(random: number) {
  const clock = { now: 0 };
  const policy = createRestartPolicy(RESTART_BOUNDS, {
    now: () => clock.now,
    random: () => random,
  });
  return { clock, policy };
}

test('delays double from 100 ms to 5 s', (t) => {
  const { policy } = start(1);
  const delays = Array.from({ length: 9 }, () => policy.onDeath());
  t.deepEqual(delays, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
});

test('the random part is up to half of a delay', (t) => {
  const { policy } = start(0);
  t.deepEqual([policy.onDeath(), policy.onDeath()], [50, 100]);
});

test('the tenth death in a row is the last', (t) => {
  const { policy } = start(1);
  const delays = Array.from({ length: 10 }, () => policy.onDeath());
  t.is(delays.indexOf(null), 9);
});

test('readiness resets the count of deaths and keeps the delay', (t) => {
  const { policy } = start(1);
  for (let death = 0; death < 9; death += 1) policy.onDeath();
  policy.onReady();
  t.is(policy.onDeath(), 5_000);
});

test('thirty seconds of readiness reset the delay', (t) => {
  const { clock, policy } = start(1);
  policy.onDeath();
  policy.onDeath();
  policy.onReady();
  clock.now = 29_999;
  t.is(policy.onDeath(), 400);
  policy.onReady();
  clock.now += 30_000;
  t.is(policy.onDeath(), 100);
});
