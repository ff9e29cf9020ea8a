import { createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import type { ViewStore } from './view-store.ts';
import { cacheNothingOf, coverNothingOf, createOtherLogWatch } from './other-log.ts';

function createSetup() {
  const clock = createManualClock();
  const seen = { version: 1, position: 354, head: 354 as number | undefined };
  const watch = createOtherLogWatch({
    clock,
    readCheckpoint: async () => ({ version: seen.version, position: seen.position }),
    readHead: async () => seen.head,
  });
  return { clock, seen, watch };
}

test('a log that ends before the checkpoint is another one, also when it is longer again', async (t) => {
  const { clock, seen, watch } = createSetup();
  await clock.advance(3_000);
  t.false(watch.isOther());
  seen.head = 177;
  await clock.advance(5_000);
  t.true(watch.isOther());
  seen.head = 400;
  await clock.advance(5_000);
  t.true(watch.isOther());
  // An operator has let readers see another version.
  seen.version = 2;
  await clock.advance(5_000);
  t.false(watch.isOther());
});

test('a head that is low once, or unknown, says nothing', async (t) => {
  const { clock, seen, watch } = createSetup();
  seen.head = 177;
  await clock.advance(100);
  seen.head = 354;
  await clock.advance(5_000);
  t.false(watch.isOther());
  seen.head = undefined;
  await clock.advance(5_000);
  t.false(watch.isOther());
});

test('views of another log cover no position, and none is cached', async (t) => {
  let isOther = false;
  const stored = { position: 354, modelVersion: 1, view: 'absent' } as const;
  const store = coverNothingOf<ViewStore>(() => isOther, {
    read: async () => stored,
    readPosition: async () => 354,
  });
  const offered: number[] = [];
  const cache = cacheNothingOf(() => isOther, {
    read: async (_kind, _id, minPosition = 0) =>
      minPosition > stored.position ? undefined : { ...stored, ageMs: 1 },
    offer: async ({ position }) => void offered.push(position),
    watermark: async () => 354,
  });
  const look = async () => {
    await cache.offer({ ...stored, kind: 'user', id: 'a' });
    t.is(await cache.read('user', 'a', 355), undefined);
    const cached = await cache.read('user', 'a');
    const { position } = await store.read('user', 'a');
    return [position, await store.readPosition(), cached?.position, await cache.watermark()];
  };
  t.deepEqual(await look(), [354, 354, 354, 354]);
  isOther = true;
  t.deepEqual(await look(), [0, 0, undefined, undefined]);
  t.deepEqual(offered, [354]);
});
