import { METRICS } from '@zameni/runtime';
import { collectTelemetry, createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { metadataOf, registeredMessages } from '../accounts.fixture.ts';
import { createMemoryStore, createSharedCheckpoint } from '../read-models/memory-store.fixture.ts';
import { createProjectionMetrics } from './metrics.ts';
import { append, broken, dataKeys, start } from './projection.fixture.ts';

const { projection } = METRICS;
const AT = { 'zameni.projection.version': 7, 'zameni.projection.state': 'live' };
const TIME = metadataOf(1).time;

/** The metrics of a version, with a log and a clock that the test moves. */
async function createSetup(t: ExecutionContext) {
  const telemetry = await collectTelemetry(t);
  const world = {
    head: 10 as number | undefined,
    pastForMs: 0,
    isActive: true,
    nowMs: Date.parse(TIME) + 2_000,
    state: 'live' as 'live' | 'building',
  };
  const metrics = createProjectionMetrics({
    version: () => ({ version: 7, state: world.state }),
    head: { lastHead: () => world.head, pastForMs: () => world.pastForMs },
    isActive: () => world.isActive,
    now: () => world.nowMs,
  });
  t.teardown(() => metrics[Symbol.dispose]());
  const read = async (metric: (typeof projection)[keyof typeof projection]) => {
    const values = await telemetry.valuesOf(metric);
    for (const { attributes } of values) t.deepEqual(attributes, AT);
    return values.map(({ value }) => value);
  };
  return { telemetry, world, metrics, read };
}

test.serial('the active process tells how far the checkpoint is behind the head', async (t) => {
  const { world, metrics, read } = await createSetup(t);
  t.deepEqual(await read(projection.position), [], 'nothing is known yet');
  metrics.onProgress(6);
  world.pastForMs = 3_500;
  t.deepEqual(await read(projection.position), [6]);
  t.deepEqual(await read(projection.lag), [4]);
  t.deepEqual(await read(projection.lagDuration), [3.5]);
  metrics.onProgress(12);
  t.deepEqual(await read(projection.lag), [0], 'the head was seen before the checkpoint moved');
});

test.serial(
  'a process that stands by tells nothing, and nobody tells a lag without a head',
  async (t) => {
    const { world, metrics, read } = await createSetup(t);
    metrics.onProgress(6);
    world.head = undefined;
    t.deepEqual(await read(projection.lag), []);
    t.deepEqual(await read(projection.lagDuration), []);
    t.deepEqual(await read(projection.position), [6]);
    world.isActive = false;
    for (const { position, lag, checkpointAge, parkedSubjects } of [projection]) {
      for (const metric of [position, lag, checkpointAge, parkedSubjects]) {
        t.deepEqual(await read(metric), []);
      }
    }
  },
);

test.serial('a checkpoint that is renewed behind the head grows old', async (t) => {
  const { world, metrics, read } = await createSetup(t);
  metrics.onProgress(10);
  world.nowMs += 5_000;
  metrics.onProgress(10);
  t.deepEqual(await read(projection.checkpointAge), [0]);
  world.head = 11;
  world.nowMs += 5_000;
  metrics.onProgress(10);
  t.deepEqual(await read(projection.checkpointAge), [5]);
});

test.serial(
  'a record that people waited two hours for counts, and a rebuilt one not',
  async (t) => {
    const { telemetry, world, metrics } = await createSetup(t);
    const late = new Date(world.nowMs - 7_200_000).toISOString();
    const batch = { records: 3, durationMs: 4, times: () => [TIME, late] };
    metrics.onBatch(batch);
    world.state = 'building';
    metrics.onBatch(batch);
    const [readable] = await telemetry.valuesOf(projection.readableDuration);
    t.like(readable, { attributes: {}, value: 2, sum: 7_202 });
    const records = await telemetry.valuesOf(projection.records);
    t.deepEqual(
      records.map(({ attributes, value }) => [attributes['zameni.projection.state'], value]),
      [
        ['live', 3],
        ['building', 3],
      ],
    );
  },
);

test.serial('a projection counts its batches, its records and whom it parks', async (t) => {
  const telemetry = await collectTelemetry(t);
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  await append(log, registeredMessages(1, dataKeys), broken(2));
  start(t, log, createMemoryStore(shared, 'a'), { now: () => Date.parse(TIME) + 2_000 });
  await waitUntil(() => shared.parked.size === 1);
  const valueOf = async (metric: (typeof projection)[keyof typeof projection]) => {
    const [first] = await telemetry.valuesOf(metric);
    return first?.value;
  };
  await waitUntil(async () => (await valueOf(projection.parkings)) === 1);
  t.is(await valueOf(projection.parkedSubjects), 1);
  shared.requested.add([...shared.parked.keys()][0] ?? '');
  await waitUntil(() => shared.requested.size === 0);
  t.is(await valueOf(projection.parkings), 1, 'parked again is not a new parking');
  t.is(await valueOf(projection.records), 6);
  t.is(await valueOf(projection.batchSize), 1);
  t.is(await valueOf(projection.batchDuration), 1);
  t.is(await valueOf(projection.position), 6);
});
