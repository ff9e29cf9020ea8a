import { randomUUID } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { connectTestRedis, createSilentLogger, PATIENCE_MS } from '@zameni/runtime/testing';
import {
  createViewCache,
  type Redis,
  type ViewCache,
  type ViewCacheKeys,
  viewCacheKeys,
} from '@zameni/runtime';
import { type CacheEpoch, createViewCacheWriter, type ViewCacheWriter } from './writer.ts';

const id = '01980000-0000-7000-8000-000000000001';
const first: CacheEpoch = { id: 'epoch-1', position: 10 };
const user = (position: number, version: number) => ({
  kind: 'user' as const,
  id,
  position,
  view: { version, body: `{"version":${version}}` },
});

/** Writer and reader log in as the services do, with the rights of these. */
type Setup = {
  /** Looks into the cache from outside. */
  readonly redis: Redis;
  readonly disconnect: () => void;
  /** The keys and the writer of version 1, which is live. */
  readonly keys: ViewCacheKeys;
  readonly writer: ViewCacheWriter;
  readonly writerOf: (version: number) => ViewCacheWriter;
  readonly cache: ViewCache;
  readonly live: { version: number | undefined };
};

async function createSetup(t: ExecutionContext): Promise<Setup> {
  const [redis, reader] = [
    await connectTestRedis(t, 'tester'),
    await connectTestRedis(t, 'query-api'),
  ];
  const own = await connectTestRedis(t, 'projector');
  const projection = `test-${randomUUID()}`;
  const keysOf = (version: number) => viewCacheKeys(projection, version);
  const live: { version: number | undefined } = { version: 1 };
  const logger = createSilentLogger();
  const liveVersion = () => live.version;
  const deadlineMs = PATIENCE_MS;
  const cache = createViewCache({ redis: reader, keys: keysOf, liveVersion, logger, deadlineMs });
  const writerOf = (version: number) =>
    createViewCacheWriter({ redis: own, keys: keysOf(version), deadlineMs });
  const disconnect = () => [reader, own].forEach((one) => one.disconnect());
  return { redis, disconnect, keys: keysOf(1), cache, writer: writerOf(1), writerOf, live };
}

test('nothing is found and nothing is stored before an epoch begins', async (t) => {
  const { redis, keys, cache, writer } = await createSetup(t);
  await cache.offer({ ...user(10, 1), modelVersion: 1 });
  t.is(await cache.read('user', id), undefined);
  t.is(await cache.watermark(), undefined);
  t.false(await writer.advance(first, 12, [user(12, 1)]));
  t.is(await cache.read('user', id), undefined);
  t.is(await redis.exists(keys.watermark), 0);
});

test('an entry written through covers the watermark as it advances', async (t) => {
  const { redis, keys, cache, writer } = await createSetup(t);
  await writer.begin(first);
  t.true(await writer.advance(first, 12, [user(11, 1)]));
  t.is(await cache.watermark(), 12);
  t.like(await cache.read('user', id), {
    position: 12,
    view: { version: 1, body: '{"version":1}' },
  });
  t.true(await writer.advance({ ...first, position: 12 }, 40, []));
  t.like(await cache.read('user', id), { position: 40, view: { version: 1 } });
  const lifetime = await redis.pttl(keys.entry('user', id));
  t.true(lifetime > 3_590_000 && lifetime <= 3_600_000);
  t.true((await redis.pttl(keys.watermark)) <= 15_000);
});

test('an older write-through never replaces a newer one', async (t) => {
  const { cache, writer } = await createSetup(t);
  await writer.begin(first);
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  t.true(await writer.advance({ ...first, position: 20 }, 21, [user(15, 1)]));
  t.like(await cache.read('user', id), { view: { version: 2 }, position: 21 });
});

test('a fill at the watermark is settled and lives an hour', async (t) => {
  const { redis, keys, cache, writer } = await createSetup(t);
  await writer.begin(first);
  await cache.offer({ ...user(10, 1), modelVersion: 1 });
  t.true(await writer.advance(first, 30, []));
  t.like(await cache.read('user', id), { view: { version: 1 }, position: 30 });
  t.true((await redis.pttl(keys.entry('user', id))) > 3_590_000);
});

test('a fill behind the watermark covers its own position only and lives 5 seconds', async (t) => {
  const { redis, keys, cache, writer } = await createSetup(t);
  await writer.begin(first);
  await cache.offer({ ...user(8, 1), modelVersion: 1 });
  t.like(await cache.read('user', id), { view: { version: 1 }, position: 8 });
  t.true((await redis.pttl(keys.entry('user', id))) <= 5_000);
});

test('a fill never replaces what is newer or settled', async (t) => {
  const { cache, writer } = await createSetup(t);
  await writer.begin(first);
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  await cache.offer({ ...user(15, 1), modelVersion: 1 });
  await cache.offer({ ...user(19, 1), modelVersion: 1 });
  t.like(await cache.read('user', id), { view: { version: 2 }, position: 20 });
});

test('a write-through replaces a fill from before it', async (t) => {
  const { cache, writer } = await createSetup(t);
  await writer.begin(first);
  await cache.offer({ ...user(10, 1), modelVersion: 1 });
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  t.like(await cache.read('user', id), { view: { version: 2 }, position: 20 });
});

test('a fill from before a write-through that comes after it is not settled', async (t) => {
  const { redis, keys, cache, writer } = await createSetup(t);
  await writer.begin(first);
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  // Evicted, so that nothing newer blocks the fill.
  await redis.del(keys.entry('user', id));
  await cache.offer({ ...user(10, 1), modelVersion: 1 });
  t.true(await writer.advance({ ...first, position: 20 }, 30, []));
  t.like(await cache.read('user', id), { view: { version: 1 }, position: 10 });
});

test('writes many entries in one step, each with its own content', async (t) => {
  const { cache, writer } = await createSetup(t);
  await writer.begin(first);
  const changes = [1, 2, 3].map((n) => ({ ...user(10 + n, n), id: `person-${n}` }));
  t.true(await writer.advance(first, 13, changes));
  for (const n of [1, 2, 3]) {
    const body = `{"version":${n}}`;
    t.like(await cache.read('user', `person-${n}`), { view: { version: n, body }, position: 13 });
  }
});

test('a tombstone replaces the entry, and no older answer comes back', async (t) => {
  const { cache, writer } = await createSetup(t);
  await writer.begin(first);
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  const tombstone = { ...user(25, 0), view: 'erased' as const };
  t.true(await writer.advance({ ...first, position: 20 }, 25, [tombstone]));
  t.like(await cache.read('user', id), { view: 'erased', position: 25 });
  await cache.offer({ ...user(20, 2), modelVersion: 1 });
  await cache.offer({ ...user(24, 2), modelVersion: 1 });
  t.like(await cache.read('user', id), { view: 'erased', position: 25 });
  t.true(await writer.advance({ ...first, position: 25 }, 40, []));
  await cache.offer({ ...user(30, 2), modelVersion: 1 });
  t.like(await cache.read('user', id), { view: 'erased', position: 40 });
});

test('of `absent` and `erased` the newer counts', async (t) => {
  const { cache, writer } = await createSetup(t);
  await writer.begin(first);
  t.true(await writer.advance(first, 20, [{ ...user(20, 0), view: 'absent' }]));
  t.like(await cache.read('user', id), { view: 'absent', position: 20 });
  const erased = { ...user(21, 0), view: 'erased' as const };
  t.true(await writer.advance({ ...first, position: 20 }, 21, [erased]));
  t.like(await cache.read('user', id), { view: 'erased', position: 21 });
});

test('entries of an old epoch are untrusted until they are written again', async (t) => {
  const { cache, writer } = await createSetup(t);
  await writer.begin(first);
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  const second = { id: 'epoch-2', position: 20 };
  await writer.begin(second);
  t.is(await cache.read('user', id), undefined);
  t.is(await cache.watermark(), 20);
  await cache.offer({ ...user(20, 2), modelVersion: 1 });
  t.like(await cache.read('user', id), { view: { version: 2 }, position: 20 });
});

test('the watermark advances only from where its own epoch left it', async (t) => {
  const { cache, writer } = await createSetup(t);
  await writer.begin(first);
  await writer.begin({ id: 'epoch-2', position: 12 });
  t.false(await writer.advance(first, 30, [user(30, 3)]));
  t.false(await writer.advance({ id: 'epoch-2', position: 11 }, 30, []));
  t.is(await cache.watermark(), 12);
  t.is(await cache.read('user', id), undefined);
});

test('an epoch does not begin behind the watermark', async (t) => {
  const { cache, writer } = await createSetup(t);
  t.true(await writer.begin(first));
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  t.false(await writer.begin({ id: 'epoch-2', position: 19 }));
  t.like(await cache.read('user', id), { view: { version: 2 }, position: 20 });
  t.true(await writer.begin({ id: 'epoch-2', position: 20 }));
});

test('each version has entries and a watermark of its own, and readers see the live one', async (t) => {
  const { cache, writer, writerOf, live } = await createSetup(t);
  const second = writerOf(2);
  t.true(await writer.begin(first));
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  t.like(await cache.read('user', id), { modelVersion: 1, view: { version: 2 } });
  // Nobody has begun an epoch of version 2.
  live.version = 2;
  t.is(await cache.read('user', id), undefined);
  t.is(await cache.watermark(), undefined);
  await cache.offer({ ...user(20, 3), modelVersion: 2 });
  t.is(await cache.read('user', id), undefined);
  t.true(await second.begin({ id: 'epoch-1', position: 21 }));
  t.is(await cache.watermark(), 21);
  t.is(await cache.read('user', id), undefined);
  t.true(await second.advance({ id: 'epoch-1', position: 21 }, 22, [user(22, 3)]));
  t.like(await cache.read('user', id), { modelVersion: 2, position: 22, view: { version: 3 } });
  live.version = 1;
  t.like(await cache.read('user', id), { modelVersion: 1, position: 20, view: { version: 2 } });
  t.is(await cache.watermark(), 20);
});

test('an offer goes to its own version, which may not be the live one any more', async (t) => {
  const { cache, writer, writerOf, live } = await createSetup(t);
  await writer.begin(first);
  await writerOf(2).begin(first);
  live.version = 2;
  await cache.offer({ ...user(10, 1), modelVersion: 1 });
  t.is(await cache.read('user', id), undefined);
  await cache.offer({ ...user(10, 4), modelVersion: 2 });
  t.like(await cache.read('user', id), { modelVersion: 2, view: { version: 4 } });
  live.version = 1;
  t.like(await cache.read('user', id), { modelVersion: 1, view: { version: 1 } });
});

test('while the live version is unknown nothing is found, but offers are taken', async (t) => {
  const { cache, writer, live } = await createSetup(t);
  await writer.begin(first);
  live.version = undefined;
  await cache.offer({ ...user(10, 1), modelVersion: 1 });
  t.is(await cache.read('user', id), undefined);
  t.is(await cache.watermark(), undefined);
  live.version = 1;
  t.like(await cache.read('user', id), { view: { version: 1 }, position: 10 });
});

test('an emptied Redis ends the epoch', async (t) => {
  const { redis, keys, cache, writer } = await createSetup(t);
  await writer.begin(first);
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  await redis.del(keys.watermark);
  t.is(await cache.read('user', id), undefined);
  t.false(await writer.advance({ ...first, position: 20 }, 20, []));
});

test('scripts are loaded again after Redis dropped them', async (t) => {
  const { redis, cache, writer } = await createSetup(t);
  await writer.begin(first);
  await redis.script('FLUSH');
  t.true(await writer.advance(first, 20, [user(20, 2)]));
  await redis.script('FLUSH');
  await cache.offer({ ...user(20, 2), modelVersion: 1 });
  t.like(await cache.read('user', id), { view: { version: 2 } });
});

test('a closed connection finds nothing and fails no reader', async (t) => {
  const { disconnect, cache, writer } = await createSetup(t);
  await writer.begin(first);
  disconnect();
  await t.notThrowsAsync(cache.offer({ ...user(10, 1), modelVersion: 1 }));
  t.is(await cache.read('user', id), undefined);
  t.is(await cache.watermark(), undefined);
  await t.throwsAsync(writer.advance(first, 20, []));
});
