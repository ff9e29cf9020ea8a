import { type LiveCheckpoint, METRICS } from '@zameni/runtime';
import { collectTelemetry } from '@zameni/runtime/testing';
import test from 'ava';
import { observeReadModelLag } from './read-model-lag.ts';

const { readModelLag, readModelLagDuration } = METRICS.projection;

test.serial('tells the lag of the live version, while log and primary are known', async (t) => {
  const telemetry = await collectTelemetry(t);
  const world = {
    head: 10 as number | undefined,
    checkpoint: undefined as LiveCheckpoint | undefined,
  };
  using _lag = observeReadModelLag({
    checkpoint: () => world.checkpoint,
    head: { lastHead: () => world.head, pastForMs: (position) => (position === 7 ? 4_500 : 0) },
  });
  const values = async () =>
    [
      ...(await telemetry.valuesOf(readModelLag)),
      ...(await telemetry.valuesOf(readModelLagDuration)),
    ].map(({ value }) => value);
  t.deepEqual(await values(), []);
  world.checkpoint = { version: 2, position: 7 };
  t.deepEqual(await values(), [3, 4.5]);
  world.head = undefined;
  t.deepEqual(await values(), []);
  world.head = 6;
  t.deepEqual(await values(), [0, 4.5], 'the head was seen before the checkpoint');
  world.checkpoint = undefined;
  t.deepEqual(await values(), []);
});
