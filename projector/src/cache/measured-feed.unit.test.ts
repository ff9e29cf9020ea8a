import { METRICS } from '@zameni/runtime';
import { collectTelemetry } from '@zameni/runtime/testing';
import test from 'ava';
import { userIdOf } from '../accounts.fixture.ts';
import { measureCacheFeed } from './measured-feed.ts';
import type { ViewChange } from './writer.ts';

const change: ViewChange = { kind: 'user', id: userIdOf(1), position: 3, view: 'erased' };

test.serial('counts what is written, and says how old the watermark is', async (t) => {
  const telemetry = await collectTelemetry(t);
  const world = { nowMs: 1_000, isAway: false, isActive: true };
  const feed = measureCacheFeed(
    { resume: () => undefined, follow: async () => !world.isAway },
    { isActive: () => world.isActive, now: () => world.nowMs },
  );
  t.teardown(() => feed[Symbol.dispose]());
  const ages = async () => {
    const values = await telemetry.valuesOf(METRICS.store.watermarkAge);
    return values.map(({ value }) => value);
  };
  t.deepEqual(await ages(), [], 'no run has begun');
  feed.resume(3);
  world.nowMs += 2_000;
  t.deepEqual(await ages(), [2], 'nothing is written since the run began');
  t.true(await feed.follow(3, [change, change]));
  t.deepEqual(await ages(), [0]);
  world.isAway = true;
  world.nowMs += 4_000;
  t.false(await feed.follow(4, [change]));
  t.deepEqual(await ages(), [4]);
  t.like(await telemetry.valuesOf(METRICS.store.cacheWrites), [{ value: 2 }]);
  world.isActive = false;
  t.deepEqual(await ages(), []);
});
