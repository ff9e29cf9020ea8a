import { createFreshness, createLogger, METRICS } from '@zameni/runtime';
import { collectTelemetry, createManualClock } from '@zameni/runtime/testing';
import test from 'ava';
import { createGuard } from '../stores/guard.ts';
import { createGuardedStore } from './guarded-store.ts';
import { createTestStores, toCache, toStore } from './stores.fixture.ts';
import { createViewReader, type ViewQuery } from './reader.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const { signal } = new AbortController();
const noteWait = () => () => undefined;
const view = { version: 2, body: '{"n":2}' };
const id = '01980000-0000-7000-8000-000000000001';
const modelVersion = 2;

function createSetup() {
  const clock = createManualClock();
  const stores = createTestStores();
  const cache = toCache(stores);
  const replica = createGuardedStore(
    toStore(stores, 'replica'),
    createGuard({ name: 'replica', deadlineMs: 1_000, logger }),
  );
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
    readView({ kind: 'user', id, minPosition: undefined, waitMs: 0, signal, noteWait, ...query });
  return { clock, stores, read };
}

test.serial('counts answers by the store that gave them', async (t) => {
  const telemetry = await collectTelemetry(t);
  const { stores, read } = createSetup();
  await read();
  stores.replica = { position: 10, modelVersion, view };
  await read();
  stores.cached = { view, modelVersion, position: 12, ageMs: 1 };
  await read();
  const reads = await telemetry.valuesOf(METRICS.store.reads);
  t.deepEqual(
    reads.map(({ attributes, value }) => [attributes['zameni.read.source'], value]),
    [
      ['cache', 1],
      ['replica', 1],
      ['primary', 1],
    ],
  );
});

test('answers from the cache alone', async (t) => {
  const { stores, read } = createSetup();
  stores.cached = { view, modelVersion, position: 12, ageMs: 3_000 };
  t.deepEqual(await read(), { position: 12, modelVersion, view, ageMs: 3_000 });
  t.deepEqual(stores.asked, ['cache']);
});

test('answers from the replica and fills the cache', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = { position: 10, modelVersion, view };
  t.deepEqual(await read(), { position: 10, modelVersion, view });
  t.deepEqual(stores.filled, [{ kind: 'user', id, position: 10, modelVersion, view }]);
});

test('trusts `absent` and `erased` in the cache without asking a database', async (t) => {
  const { stores, read } = createSetup();
  for (const none of ['absent', 'erased'] as const) {
    stores.cached = { view: none, modelVersion, position: 12, ageMs: 1 };
    t.like(await read(), { position: 12, view: none });
    t.like(await read({ minPosition: 12 }), { view: none });
  }
  t.false(stores.asked.includes('replica'));
});

test('trusts an erasure on the replica, and offers it to the cache', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = { position: 10, modelVersion, view: 'erased' };
  t.deepEqual(await read(), { position: 10, modelVersion, view: 'erased' });
  t.deepEqual(stores.asked, ['cache', 'replica']);
  t.deepEqual(stores.filled, [{ kind: 'user', id, position: 10, modelVersion, view: 'erased' }]);
});

test('does not fill the cache with missing views', async (t) => {
  const { stores, read } = createSetup();
  await read();
  t.deepEqual(stores.filled, []);
});

test('asks the primary before it answers that a view is missing', async (t) => {
  const { stores, read } = createSetup();
  stores.primary = { position: 11, modelVersion, view };
  t.deepEqual(await read(), { position: 11, modelVersion, view });
  stores.primary = { position: 12, modelVersion, view: 'absent' };
  t.deepEqual(await read(), { position: 12, modelVersion, view: 'absent' });
  t.deepEqual(stores.asked.slice(0, 3), ['cache', 'replica', 'primary']);
});

test('trusts a missing view on the replica at a given position', async (t) => {
  const { stores, read } = createSetup();
  t.deepEqual(await read({ minPosition: 10 }), { position: 10, modelVersion, view: 'absent' });
  t.deepEqual(stores.asked, ['cache', 'replica']);
});

test('does not use a cache entry from before the given position', async (t) => {
  const { stores, read } = createSetup();
  stores.cached = { view: { version: 1, body: '{}' }, modelVersion, position: 9, ageMs: 0 };
  stores.replica = { position: 10, modelVersion, view };
  t.like(await read({ minPosition: 10 }), { position: 10, view });
});

test('without a wait the primary is asked at once', async (t) => {
  const { stores, read } = createSetup();
  stores.primary = { position: 20, modelVersion, view };
  t.like(await read({ minPosition: 20 }), { position: 20, view });
  t.deepEqual(stores.asked, ['cache', 'replica', 'primary']);
});

test('never says "not found" for "not yet"', async (t) => {
  const { stores, read } = createSetup();
  await t.throwsAsync(read({ minPosition: 20 }), {
    message: /has not reached the requested position/,
  });
  t.deepEqual(stores.asked, ['cache', 'replica', 'primary']);
});

test('waits for the watermark and then reads the cache', async (t) => {
  const { clock, stores, read } = createSetup();
  const reading = read({ minPosition: 20, waitMs: 5_000 });
  await clock.advance(100);
  stores.cached = { view, modelVersion, position: 20, ageMs: 1 };
  stores.watermark = 20;
  await clock.advance(25);
  t.like(await reading, { position: 20, view, ageMs: 1 });
  t.false(stores.asked.includes('primary'));
});

test('leaves the replica alone while the watermark is about to arrive', async (t) => {
  const { clock, stores, read } = createSetup();
  const reading = read({ minPosition: 20, waitMs: 5_000 });
  await clock.advance(20);
  stores.cached = { view, modelVersion, position: 20, ageMs: 1 };
  stores.watermark = 20;
  await clock.advance(25);
  t.like(await reading, { position: 20, view });
  t.deepEqual(stores.asked, ['cache', 'cache']);
});

test('asks the databases when the watermark stops but the projection does not', async (t) => {
  const { clock, stores, read } = createSetup();
  stores.replica = undefined;
  stores.primary = { position: 20, modelVersion, view };
  const reading = read({ minPosition: 20, waitMs: 5_000 });
  await clock.advance(50);
  t.like(await reading, { position: 20, view });
});

test('waits a moment for the replica when the entry is not in the cache', async (t) => {
  const { clock, stores, read } = createSetup();
  stores.watermark = 20;
  const reading = read({ minPosition: 20, waitMs: 5_000 });
  await clock.advance(50);
  stores.replica = { position: 21, modelVersion, view };
  await clock.advance(50);
  t.like(await reading, { position: 21, view });
  t.false(stores.asked.includes('primary'));
});

for (const kind of ['user', 'registration'] as const) {
  test(`a ${kind} is read from the primary if only the replica lags`, async (t) => {
    const { clock, stores, read } = createSetup();
    const reading = read({ kind, minPosition: 20, waitMs: 5_000 });
    await clock.advance(1_000);
    t.false(stores.asked.includes('primary'));
    stores.watermark = 20;
    stores.primary = { position: 20, modelVersion, view };
    await clock.advance(200);
    t.like(await reading, { position: 20, view });
    t.is(stores.asked.filter((store) => store === 'primary').length, 1);
  });
}

test('without the cache a lagging replica is not waited for either', async (t) => {
  const { clock, stores, read } = createSetup();
  stores.watermark = undefined;
  stores.primary = { position: 20, modelVersion, view };
  const reading = read({ minPosition: 20, waitMs: 5_000 });
  await clock.advance(200);
  t.like(await reading, { position: 20, view });
});

test('a primary that is behind too is asked again at the end of the wait', async (t) => {
  const { clock, stores, read } = createSetup();
  stores.watermark = 20;
  const reading = read({ minPosition: 20, waitMs: 1_000 });
  await clock.advance(999);
  stores.primary = { position: 20, modelVersion, view };
  await clock.advance(1);
  t.like(await reading, { position: 20, view });
  t.is(stores.asked.filter((store) => store === 'primary').length, 2);
});

test('asks the primary once at the end of the wait', async (t) => {
  const { clock, stores, read } = createSetup();
  const reading = read({ minPosition: 20, waitMs: 1_000 });
  await clock.advance(999);
  stores.primary = { position: 20, modelVersion, view };
  await clock.advance(1);
  t.like(await reading, { position: 20, view });
  t.is(stores.asked.filter((store) => store === 'primary').length, 1);
});

test('without the replica the primary answers, with and without a position', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = undefined;
  stores.primary = { position: 20, modelVersion, view };
  t.like(await read(), { view });
  // Without a cache, waiting is useless.
  stores.watermark = undefined;
  t.like(await read({ minPosition: 20, waitMs: 5_000 }), { view });
});

test('without replica and primary the store is unavailable', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = undefined;
  stores.primary = undefined;
  const message = /read model cannot be reached/;
  await t.throwsAsync(read(), { message });
  await t.throwsAsync(read({ minPosition: 20 }), { message });
});

test('without the primary the replica still answers what it has, but not what it lacks', async (t) => {
  const { stores, read } = createSetup();
  stores.primary = undefined;
  await t.throwsAsync(read(), { message: /read model cannot be reached/ });
  stores.replica = { position: 10, modelVersion, view };
  t.like(await read(), { view });
});

test('a replica that keeps failing is not asked for a while', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = undefined;
  for (let i = 0; i < 5; i += 1) await read();
  t.is(stores.asked.filter((store) => store === 'replica').length, 3);
});

test('registrations are read from the databases, and not cached', async (t) => {
  const { stores, read } = createSetup();
  const registration = { version: 1, body: 'registered' };
  stores.cached = { view, modelVersion, position: 12, ageMs: 1 };
  stores.replica = { position: 10, modelVersion, view: registration };
  t.deepEqual(await read({ kind: 'registration' }), {
    position: 10,
    modelVersion,
    view: registration,
  });
  t.deepEqual(stores.asked, ['replica']);
  t.deepEqual(stores.filled, []);
});

test('a registration is waited for at the replica, and never looked for in the cache', async (t) => {
  const { clock, stores, read } = createSetup();
  stores.watermark = 20;
  const reading = read({ kind: 'registration', minPosition: 20, waitMs: 5_000 });
  await clock.advance(50);
  stores.replica = { position: 21, modelVersion, view: { version: 1, body: 'awaiting-proof' } };
  await clock.advance(50);
  t.like(await reading, { position: 21, view: { body: 'awaiting-proof' } });
  t.false(stores.asked.includes('cache'));
  t.false(stores.asked.includes('primary'));
});

test('the end of a registration is read from the primary, because it may be made again', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = { position: 10, modelVersion, view: 'erased' };
  stores.primary = { position: 11, modelVersion, view: { version: 1, body: 'awaiting-proof' } };
  t.like(await read({ kind: 'registration' }), { position: 11 });
  t.like(await read({ kind: 'registration', minPosition: 10 }), { view: 'erased' });
});

/** The state before record 15, with which the account was parked. */
const parked = { position: 14, modelVersion, view, parkedAt: 15 };
const parkedNothing = { position: 14, modelVersion, view: 'absent', parkedAt: 15 } as const;
const isParked = { code: 'account-parked' };

test('a parked entry of the cache is a miss, and a parked view is not offered to it', async (t) => {
  const { stores, read } = createSetup();
  stores.cached = { view: 'parked', modelVersion, position: 30, ageMs: 1 };
  stores.replica = parked;
  t.deepEqual(await read(), parked);
  t.deepEqual(await read({ minPosition: 14 }), parked);
  t.deepEqual(stores.asked, ['cache', 'replica', 'cache', 'replica']);
  t.deepEqual(stores.filled, []);
});

test('a parked account answers no position of its first waiting record or later', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = parked;
  stores.primary = parked;
  for (const minPosition of [15, 40]) {
    const error = await t.throwsAsync(read({ minPosition }), isParked);
    t.like(error, { retryAfterSeconds: 60 });
    t.regex(String(Reflect.get(error, 'detail')), /zameni parked show ID.*Without Min-Position/);
    await t.throwsAsync(read({ kind: 'registration', minPosition }), isParked);
  }
});

test('a parked account without a row is not "not found"', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = { position: 10, modelVersion, view: 'absent' };
  stores.primary = parkedNothing;
  const error = await t.throwsAsync(read(), isParked);
  t.regex(String(Reflect.get(error, 'detail')), /^Nothing of it is readable/);
  stores.replica = parkedNothing;
  await t.throwsAsync(read(), isParked);
  await t.throwsAsync(read({ minPosition: 14 }), isParked);
});

test('a parked registration without a row is an answer', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = parkedNothing;
  stores.primary = parkedNothing;
  const kind = 'registration';
  t.deepEqual(await read({ kind }), parkedNothing);
  t.deepEqual(await read({ kind, minPosition: 14 }), parkedNothing);
});

test('nobody waits for a parked account', async (t) => {
  const { stores, read } = createSetup();
  stores.replica = parked;
  stores.primary = parked;
  // The clock of this test does not move, so a wait would never end.
  for (const cached of [
    undefined,
    { view: 'parked', modelVersion, position: 15, ageMs: 1 } as const,
  ]) {
    stores.cached = cached;
    stores.watermark = cached === undefined ? undefined : 20;
    await t.throwsAsync(read({ minPosition: 15, waitMs: 5_000 }), isParked);
  }
  stores.cached = { view: 'parked', modelVersion, position: 15, ageMs: 1 };
  stores.watermark = 20;
  await t.throwsAsync(read({ minPosition: 40, waitMs: 5_000 }), isParked);
  stores.replica = { position: 10, modelVersion, view };
  await t.throwsAsync(read({ minPosition: 40, waitMs: 5_000 }), isParked);
});

test('a wait ends when the account is parked meanwhile', async (t) => {
  const { clock, stores, read } = createSetup();
  const reading = t.throwsAsync(read({ minPosition: 15, waitMs: 5_000 }), isParked);
  await clock.advance(20);
  stores.cached = { view: 'parked', modelVersion, position: 15, ageMs: 1 };
  stores.watermark = 20;
  stores.replica = parked;
  stores.primary = parked;
  await clock.advance(25);
  t.truthy(await reading);
});

test('the primary decides about a park, because it knows a redrive first', async (t) => {
  const { clock, stores, read } = createSetup();
  stores.replica = parked;
  stores.primary = { position: 30, modelVersion, view: { version: 3, body: '{"n":3}' } };
  t.like(await read({ minPosition: 15 }), { position: 30, view: { version: 3 } });
  stores.primary = { position: 30, modelVersion, view: 'erased' };
  t.like(await read({ minPosition: 15 }), { position: 30, view: 'erased' });
  stores.primary = { position: 30, modelVersion, view: 'absent' };
  t.like(await read({ minPosition: 15 }), { position: 30, view: 'absent' });
  await t.throwsAsync(read({ minPosition: 31 }), { code: 'projection-lagging' });
  const reading = read({ minPosition: 31, waitMs: 1_000 });
  await clock.advance(500);
  stores.replica = { position: 31, modelVersion, view };
  await clock.advance(500);
  t.like(await reading, { position: 31, view });
});
