import test from 'ava';
import type { JWK } from 'jose';
import { AppError } from '../errors.ts';
import { createKeySource } from './jwks-source.ts';
import { createTestKey, silent } from './tokens.fixture.ts';

const [one, two] = await Promise.all([createTestKey('k1'), createTestKey('k2')]);
/** Lets a load that is under way end. */
const loaded = () => new Promise((resolve) => setImmediate(resolve));
const headerOf = ({ jwk }: { jwk: JWK }) => ({ alg: 'EdDSA', kid: jwk.kid ?? '' });

/** A request waits as long as a load takes, which is given up after two seconds. */
const ANY_TIME_MS = 60_000;

function createTestSource(keys: readonly JWK[], hold: 'default' | 'long' = 'long') {
  const clock = { nowMs: 1_000_000 };
  const place = { loads: 0, load: async () => JSON.stringify({ keys }) };
  const source = createKeySource({
    issuer: 'https://id.example.org/',
    loader: {
      load: async () => {
        place.loads += 1;
        return place.load();
      },
      maxAgeMs: 30_000,
      unaskedMs: 60_000,
      pauseMs: 5_000,
    },
    logger: silent,
    now: () => clock.nowMs,
    holdMs: hold === 'long' ? ANY_TIME_MS : undefined,
  });
  const publish = (...published: JWK[]) => {
    place.load = async () => JSON.stringify({ keys: published });
  };
  const fail = () => {
    place.load = async () => Promise.reject(new Error('away'));
  };
  const codeOf = (key: { jwk: JWK }) =>
    source.findKey(headerOf(key)).then(
      () => 'found',
      (error: unknown) => (error instanceof AppError ? error.code : error),
    );
  return { clock, place, publish, fail, codeOf, source };
}

test('keys are loaded once while they are fresh, and once for concurrent requests', async (t) => {
  const { clock, place, source } = createTestSource([one.jwk]);
  const found = await Promise.all([1, 2, 3].map(() => source.findKey(headerOf(one))));
  t.is(new Set(found.map(({ key }) => key)).size, 1);
  clock.nowMs += 29_999;
  t.is((await source.findKey(headerOf(one))).triedAtMs, 1_000_000);
  t.is(place.loads, 1);
  clock.nowMs += 1;
  t.is((await source.findKey(headerOf(one))).triedAtMs, 1_000_000);
  t.is(place.loads, 2);
  await loaded();
  t.is((await source.findKey(headerOf(one))).triedAtMs, 1_030_000);
});

test('an unknown key loads the set at once, but not again within the pause', async (t) => {
  const { clock, place, publish, codeOf } = createTestSource([one.jwk]);
  t.is(await codeOf(one), 'found');
  publish(one.jwk, two.jwk);
  clock.nowMs += 4_999;
  t.is(await codeOf(two), 'unauthorized');
  t.is(place.loads, 1);
  clock.nowMs += 1;
  t.is(await codeOf(two), 'found');
  t.is(place.loads, 2);
});

test('a removed key is refused after the next load', async (t) => {
  const { clock, publish, codeOf } = createTestSource([one.jwk]);
  t.is(await codeOf(one), 'found');
  publish();
  t.is(await codeOf(one), 'found');
  clock.nowMs += 30_000;
  t.is(await codeOf(one), 'found');
  await loaded();
  t.is(await codeOf(one), 'unauthorized');
});

test('after a long silence a removed key is refused at once', async (t) => {
  const { clock, publish, codeOf } = createTestSource([one.jwk]);
  t.is(await codeOf(one), 'found');
  publish();
  clock.nowMs += 60_000;
  t.is(await codeOf(one), 'unauthorized');
});

test('a load that hangs holds no request with a known key up', async (t) => {
  const { clock, place, codeOf } = createTestSource([one.jwk]);
  t.is(await codeOf(one), 'found');
  place.load = () => Promise.withResolvers<string>().promise;
  clock.nowMs += 30_000;
  const startedAt = performance.now();
  for (let count = 0; count < 20; count += 1) t.is(await codeOf(one), 'found');
  t.true(performance.now() - startedAt < 1_500);
  t.is(place.loads, 2);
});

test('a load that hangs holds a request with an unknown key up for half a second', async (t) => {
  const { clock, place, codeOf } = createTestSource([one.jwk], 'default');
  t.is(await codeOf(one), 'found');
  place.load = () => Promise.withResolvers<string>().promise;
  clock.nowMs += 30_000;
  const startedAt = performance.now();
  // The load under way may bring the key, so the token is not known to be bad.
  t.is(await codeOf(two), 'service-unavailable');
  t.true(performance.now() - startedAt < 1_500);
});

test('keys that cannot be loaded are unavailable, and loaded once a pause', async (t) => {
  const { clock, place, publish, fail, codeOf } = createTestSource([]);
  fail();
  t.is(await codeOf(one), 'service-unavailable');
  clock.nowMs += 4_999;
  t.is(await codeOf(one), 'service-unavailable');
  t.is(place.loads, 1);
  publish(one.jwk);
  clock.nowMs += 1;
  t.is(await codeOf(one), 'found');
});

test('while loads fail, the last keys are used for a day', async (t) => {
  const { clock, fail, codeOf } = createTestSource([one.jwk]);
  t.is(await codeOf(one), 'found');
  fail();
  clock.nowMs += 30_000;
  t.is(await codeOf(one), 'found');
  await loaded();
  clock.nowMs += 86_369_999;
  t.is(await codeOf(one), 'found');
  // The key may be new, so its absence is not proven.
  t.is(await codeOf(two), 'service-unavailable');
  clock.nowMs += 1;
  t.is(await codeOf(one), 'service-unavailable');
});

test('a text that is not a key set counts as a failed load', async (t) => {
  const { clock, place, codeOf } = createTestSource([one.jwk]);
  t.is(await codeOf(one), 'found');
  place.load = async () => '{"keys":';
  clock.nowMs += 30_000;
  t.is(await codeOf(one), 'found');
  await loaded();
  clock.nowMs += 86_400_000;
  t.is(await codeOf(one), 'service-unavailable');
});

test('a clock that was set back makes it load again', async (t) => {
  const { clock, place, codeOf } = createTestSource([one.jwk]);
  t.is(await codeOf(one), 'found');
  clock.nowMs -= 3_600_000;
  t.is(await codeOf(one), 'found');
  t.is(place.loads, 2);
});
