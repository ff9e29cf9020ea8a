import { createFreshness } from '@zameni/runtime';
import { createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import { createTestStores, toCache, toStore } from './stores.fixture.ts';
import { trustCache, trustPrimary, trustReplica } from './trust.ts';
import { createViewReader, type ViewQuery } from './reader.ts';

const { signal } = new AbortController();
const noteWait = () => () => undefined;
const view = { version: 2, body: '{"n":2}' };
const id = '01980000-0000-7000-8000-000000000001';
const modelVersion = 2;

/** A reader whose process knows some positions of the primary, and whether the log is another one. */
function createSetup() {
  const clock = createManualClock();
  const stores = createTestStores();
  const positions = { newest: 0, lately: 0, isOtherLog: false };
  const known = {
    isOtherLog: () => positions.isOtherLog,
    newest: () => positions.newest,
    lately: () => positions.lately,
  };
  const cache = trustCache(toCache(stores), known);
  const replica = trustReplica(toStore(stores, 'replica'), known);
  const primary = trustPrimary(toStore(stores, 'primary'), known);
  const readView = createViewReader({
    cache,
    replica,
    primary,
    freshness: createFreshness({
      purpose: 'position',
      watermark: cache.watermark,
      replicaPosition: replica.readPosition,
      clock,
      maxWaiters: 10,
      stopping: signal,
    }),
    clock,
  });
  const read = (query: Partial<ViewQuery> = {}) =>
    readView({ kind: 'user', id, minPosition: undefined, waitMs: 0, signal, noteWait, ...query });
  return { stores, positions, cache, replica, primary, read };
}

test('a replica that lags does not show an erased person when the tombstone is lost', async (t) => {
  const { stores, positions, read } = createSetup();
  stores.replica = { position: 10, modelVersion, view };
  stores.primary = { position: 12, modelVersion, view: 'erased' };
  positions.lately = 12;
  positions.newest = 12;
  for (const query of [{}, { minPosition: 9 }, { kind: 'registration' as const }]) {
    t.like(await read(query), { position: 12, view: 'erased' });
  }
  t.true(stores.filled.every((offered) => offered.view === 'erased'));
});

test('without the primary a replica that lags says nothing but who is erased', async (t) => {
  const { stores, positions, read } = createSetup();
  stores.replica = { position: 10, modelVersion, view };
  stores.primary = undefined;
  positions.lately = 12;
  await t.throwsAsync(read(), { code: 'store-unavailable' });
  stores.replica = { position: 10, modelVersion, view: 'erased' };
  t.like(await read(), { view: 'erased' });
});

test('an answer that is older than what is known of the primary is not kept', async (t) => {
  const { stores, positions, read } = createSetup();
  stores.replica = { position: 10, modelVersion, view };
  positions.newest = 11;
  t.like(await read(), { position: 10, view });
  t.deepEqual(stores.filled, []);
  positions.newest = 10;
  await read();
  t.is(stores.filled.length, 1);
});

test('views of another log cover no position, and none is cached', async (t) => {
  const { stores, positions, cache, replica, primary } = createSetup();
  const stored = { position: 10, modelVersion, view };
  Object.assign(stores, { replica: stored, primary: stored, cached: { ...stored, ageMs: 1 } });
  const look = async () => {
    await cache.offer({ ...stored, kind: 'user', id });
    return {
      cached: (await cache.read('user', id))?.position,
      watermark: await cache.watermark(),
      replica: (await replica.read('user', id))?.position,
      primary: (await primary.read('user', id)).position,
      positions: [await replica.readPosition(), await primary.readPosition()],
      offered: stores.filled.length,
    };
  };
  const all = { cached: 10, watermark: 10, replica: 10, primary: 10, positions: [10, 10] };
  t.deepEqual(await look(), { ...all, offered: 1 });
  positions.isOtherLog = true;
  const none = { cached: undefined, watermark: undefined, replica: 0, primary: 0 };
  t.deepEqual(await look(), { ...none, positions: [0, 0], offered: 1 });
  // Once the primary was looked at, a replica at no position is behind.
  positions.lately = 10;
  const away = { ...none, replica: undefined, positions: [undefined, 0] };
  t.deepEqual(await look(), { ...away, offered: 1 });
});
