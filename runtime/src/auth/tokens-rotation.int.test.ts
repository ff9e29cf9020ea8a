import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { AppError } from '../errors.ts';
import {
  createKeyFile,
  createTestKey,
  createTestVerifier,
  issuerAt,
  START_MS,
  START_SECONDS,
} from './tokens.fixture.ts';

const [one, two] = await Promise.all([createTestKey('k1'), createTestKey('k2')]);

/** An issuer's server, whose answer the test sets. */
async function createKeyServer(t: ExecutionContext, answer: RequestListener) {
  const state = { answer, requests: 0 };
  const server = createServer((request, response) => {
    state.requests += 1;
    state.answer(request, response);
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  const url = `http://127.0.0.1:${address.port}/jwks.json`;
  return { state, ...createTestVerifier(issuerAt({ kind: 'url', url })) };
}

const keysOf = (...keys: readonly { readonly jwk: object }[]): RequestListener => {
  return (_, response) => response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
};

async function codeOf(t: ExecutionContext, promise: Promise<unknown>) {
  return (await t.throwsAsync(promise, { instanceOf: AppError }))?.code;
}

test('a key at a URL is rotated without a restart', async (t) => {
  const { state, clock, verify } = await createKeyServer(t, keysOf(one));
  const old = await one.sign();
  t.truthy(await verify(old));
  t.truthy(await verify(await one.sign({ sub: 'client-2' })));
  t.is(state.requests, 1);
  state.answer = keysOf(two);
  clock.nowMs = START_MS + 5_000;
  t.truthy(await verify(await two.sign()));
  t.is(state.requests, 2);
  t.is(await codeOf(t, verify(await one.sign({ sub: 'client-3' }))), 'unauthorized');
  clock.nowMs = START_MS + 60_000;
  t.is(await codeOf(t, verify(old)), 'unauthorized');
});

test('a key in a file is rotated without a restart', async (t) => {
  const { path, publish } = createKeyFile(t, [one.jwk]);
  const { clock, verify } = createTestVerifier(issuerAt({ kind: 'file', path }));
  t.truthy(await verify(await one.sign()));
  publish(two.jwk);
  clock.nowMs = START_MS + 250;
  t.truthy(await verify(await two.sign()));
  clock.nowMs = START_MS + 60_000;
  t.is(await codeOf(t, verify(await one.sign())), 'unauthorized');
});

test('a missing or half-written file leaves the last keys for a day', async (t) => {
  const { path } = createKeyFile(t, [one.jwk]);
  const { clock, verify } = createTestVerifier(issuerAt({ kind: 'file', path }));
  t.truthy(await verify(await one.sign()));
  writeFileSync(path, '{"keys":[{"kty"');
  clock.nowMs += 60_000;
  t.truthy(await verify(await one.sign()));
  rmSync(path);
  clock.nowMs += 60_000;
  t.truthy(await verify(await one.sign()));
  clock.nowMs = START_MS + 86_400_000;
  const day = 86_400;
  const times = { iat: START_SECONDS + day - 60, exp: START_SECONDS + day + 60 };
  t.is(await codeOf(t, verify(await one.sign(times))), 'service-unavailable');
});

const outage = test.macro({
  title: (what) => `while a server ${what}, the last keys serve and no request waits`,
  exec: async (t, answer: RequestListener) => {
    const { state, clock, verify } = await createKeyServer(t, keysOf(one));
    t.truthy(await verify(await one.sign()));
    state.answer = answer;
    for (const ms of [30_000, 5_000, 5_000, 5_000]) {
      clock.nowMs += ms;
      const startedAt = performance.now();
      t.truthy(await verify(await one.sign({ sub: `client-${clock.nowMs}` })));
      // A load that hangs takes two seconds.
      t.true(performance.now() - startedAt < 1_500);
    }
  },
});
test('fails', outage, (_, response) => response.writeHead(500).end());
test('never answers', outage, () => undefined);
test('hangs up', outage, (request) => request.destroy());

const unavailable = test.macro({
  title: (what) => `keys whose server ${what} are unavailable, which is no fault of the token`,
  exec: async (t, answer: RequestListener) => {
    const { state, clock, verify } = await createKeyServer(t, answer);
    const error = await t.throwsAsync(verify(await one.sign()), { instanceOf: AppError });
    t.is(error?.code, 'service-unavailable');
    t.is(error?.retryAfterSeconds, 5);
    t.is(await codeOf(t, verify(await one.sign())), 'service-unavailable');
    t.is(state.requests, 1);
    // A token that no key can make valid is refused as such.
    t.is(await codeOf(t, verify('eyJhbGciOiJub25lIn0.e30.')), 'unauthorized');
    state.answer = keysOf(one);
    clock.nowMs += 5_000;
    t.truthy(await verify(await one.sign()));
  },
});
test('fails', unavailable, (_, response) => response.writeHead(500).end());
test('hangs up', unavailable, (request) => request.destroy());
test('never answers', unavailable, () => undefined);
test('never ends its answer', unavailable, (_, response) => response.write('{"keys":['));
test('answers with a page', unavailable, (_, response) => response.end('<html></html>'));
test('redirects', unavailable, (_, response) => {
  response.writeHead(302, { location: 'https://evil.example.org/jwks.json' }).end();
});
test('answers with too much', unavailable, (_, response) => {
  response.end(`{"keys":[]}${' '.repeat(262_144)}`);
});

test('keys of an unreachable server are unavailable', async (t) => {
  const { verify } = createTestVerifier(
    issuerAt({ kind: 'url', url: 'http://127.0.0.1:1/jwks.json' }),
  );
  t.is(await codeOf(t, verify(await one.sign())), 'service-unavailable');
});
