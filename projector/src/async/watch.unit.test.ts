import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createWatch } from './watch.ts';

test('has the value of the last look, and none after one that failed', async (t) => {
  const world = { looks: 0, isAway: false };
  const watch = createWatch({
    everyMs: 1,
    isWanted: () => true,
    read: async () => {
      world.looks += 1;
      if (world.isAway) throw new Error('no database');
      return world.looks;
    },
  });
  t.is(watch.last(), undefined);
  const stopping = new AbortController();
  const ended = watch.run(stopping.signal);
  await waitUntil(() => (watch.last() ?? 0) >= 2);
  world.isAway = true;
  await waitUntil(() => watch.last() === undefined);
  world.isAway = false;
  await waitUntil(() => watch.last() !== undefined);
  stopping.abort();
  await ended;
});

test('a process that stands by does not look, and has no old value', async (t) => {
  const world = { looks: 0, isActive: false };
  const watch = createWatch({
    everyMs: 60_000,
    isWanted: () => world.isActive,
    read: async () => (world.looks += 1),
  });
  const stopping = new AbortController();
  const ended = watch.run(stopping.signal);
  t.is(world.looks, 0);
  world.isActive = true;
  await waitUntil(() => watch.last() === 1);
  world.isActive = false;
  t.is(watch.last(), undefined);
  stopping.abort();
  await ended;
});
