import { randomUUID } from 'node:crypto';
import test from 'ava';
import { METRICS } from '../telemetry/catalogue/metrics.ts';
import { collectTelemetry } from '../testing/telemetry.ts';
import { createSilentLogger } from '../testing/silent-logger.ts';
import { connectTestRedis } from '../testing/stores.ts';
import { PATIENCE_MS } from '../testing/wait.ts';
import { createViewCache, viewCacheKeys } from './views.ts';

const id = '01980000-0000-7000-8000-000000000001';

test.serial('counts what reads find, and takes an entry that is behind for none', async (t) => {
  const telemetry = await collectTelemetry(t);
  const redis = await connectTestRedis(t, 'tester');
  const projection = `test-${randomUUID()}`;
  const keys = (version: number) => viewCacheKeys(projection, version);
  const live: { version: number | undefined } = { version: 1 };
  const cache = createViewCache({
    redis: await connectTestRedis(t, 'query-api'),
    keys,
    liveVersion: () => live.version,
    logger: createSilentLogger(),
    deadlineMs: PATIENCE_MS,
  });
  t.is(await cache.read('user', id), undefined);
  await redis.hset(keys(1).watermark, { epoch: 'e', position: 12 });
  await cache.offer({
    kind: 'user',
    id,
    position: 12,
    view: { version: 1, body: '{}' },
    modelVersion: 1,
  });
  t.like(await cache.read('user', id, 12), { position: 12 });
  t.is(await cache.read('user', id, 13), undefined);
  await redis.hset(keys(1).entry('user', id), { v: 0, b: 'parked' });
  t.like(await cache.read('user', id, 13), { view: 'parked' });
  live.version = undefined;
  t.is(await cache.read('user', id), undefined);
  const counted = await telemetry.valuesOf(METRICS.store.cacheRequests);
  t.deepEqual(
    counted.map(({ attributes, value }) => [attributes['zameni.cache.result'], value]),
    ['hit', 'miss', 'behind', 'parked', 'unavailable'].map((result) => [result, 1]),
  );
});
