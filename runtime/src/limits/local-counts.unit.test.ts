import test from 'ava';
import { createLocalCounts } from './local-counts.ts';

function createCounts(maxKeys = 3) {
  const clock = { nowMs: 1_000 };
  return { clock, counts: createLocalCounts({ windowMs: 100, maxKeys, now: () => clock.nowMs }) };
}

test('counts each key for itself, in the window that its first take begins', (t) => {
  const { clock, counts } = createCounts();
  t.deepEqual(counts.take('a'), { taken: 1, resetsAtMs: 1_100 });
  clock.nowMs = 1_050;
  t.deepEqual(counts.take('a'), { taken: 2, resetsAtMs: 1_100 });
  t.deepEqual(counts.take('b'), { taken: 1, resetsAtMs: 1_150 });
});

test('a window has ended at its last moment', (t) => {
  const { clock, counts } = createCounts();
  counts.take('a');
  clock.nowMs = 1_099;
  t.is(counts.read('a')?.taken, 1);
  clock.nowMs = 1_100;
  t.is(counts.read('a'), undefined);
  t.deepEqual(counts.take('a'), { taken: 1, resetsAtMs: 1_200 });
});

test('goes on from a count of the shared counter', (t) => {
  const { counts } = createCounts();
  counts.keep('a', { taken: 7, resetsAtMs: 1_030 });
  t.deepEqual(counts.take('a'), { taken: 8, resetsAtMs: 1_030 });
});

test('drops the oldest window when full, and no more', (t) => {
  const { counts } = createCounts();
  for (const key of ['a', 'b', 'c', 'a', 'd']) counts.take(key);
  t.is(counts.size(), 3);
  t.is(counts.read('a'), undefined);
  t.deepEqual(
    ['b', 'c', 'd'].map((key) => counts.read(key)?.taken),
    [1, 1, 1],
  );
});

test('a key whose window begins again is the youngest', (t) => {
  const { clock, counts } = createCounts();
  counts.take('a');
  clock.nowMs = 1_050;
  counts.take('b');
  clock.nowMs = 1_100;
  for (const key of ['a', 'c', 'd']) counts.take(key);
  t.is(counts.read('b'), undefined);
  t.is(counts.read('a')?.taken, 1);
});

test('ended windows make room without a timer', (t) => {
  const { clock, counts } = createCounts(1_000);
  for (let key = 0; key < 100; key += 1) counts.take(`old ${key}`);
  clock.nowMs = 1_100;
  for (let key = 0; key < 100; key += 1) counts.take(`new ${key}`);
  t.is(counts.size(), 100);
});
