import { METRICS } from '@zameni/runtime';
import { collectTelemetry, createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import { createReplicaLag } from './replica-lag.ts';

test.serial('is known while reads ask the replica, and never below zero', async (t) => {
  const telemetry = await collectTelemetry(t);
  const clock = createManualClock();
  const primary = { position: 20, version: 1 };
  using lag = createReplicaLag({ primary: () => primary, clock });
  const read = () => telemetry.valuesOf(METRICS.store.replicaLag);
  t.deepEqual(await read(), []);
  lag.learn({ position: 15, version: 1 });
  t.like(await read(), [{ value: 5 }]);
  // The primary is looked at once a second, so the replica may seem to be ahead.
  lag.learn({ position: 23, version: 1 });
  t.like(await read(), [{ value: 0 }]);
  await clock.advance(6_000);
  t.deepEqual(await read(), []);
});
