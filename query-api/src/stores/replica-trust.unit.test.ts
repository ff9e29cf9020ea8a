import { createFreshness } from '@zameni/runtime';
import { createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import { offerNothingOld, trustReplica } from './replica-trust.ts';
import { createTestStores, toCache, toStore } from './stores.fixture.ts';
import { createViewReader, type ViewQuery } from './view-reader.ts';

const { signal } = new AbortController();
const view = { version: 2, body: '{"n":2}' };
const id = '01980000-0000-7000-8000-000000000001';
const modelVersion = 2;

/** A reader whose process knows some positions of the primary. */
function createSetup() {
  const clock = createManualClock();
  const stores = createTestStores();
  const positions = { newest: 0, lately: 0 };
  const known = { newest: () => positions.newest, lately: () => positions.lately };
  const cache = offerNothingOld(toCache(stores), known);
  const replica = trustReplica(toStore(stores, 'replica'), known);
  const readView = createViewReader({
    cache,
    replica,
    primary: toStore(stores, 'primary'),
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
    readView({ kind: 'user', id, minPosition: undefined, waitMs: 0, signal, ...query });
  return { stores, positions, read };
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
