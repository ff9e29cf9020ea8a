import { OPERATIONS, type Scope } from '@zameni/contracts';
import {
  AppError,
  type Caller,
  callerOf,
  createHttpApp,
  createLogger,
  createRateLimits,
} from '@zameni/runtime';
import test from 'ava';
import { limitReads } from './read-limits.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** An application with one route of the API and one page. `bad` is no token. */
function createTestApp(quotas: { readonly network: number; readonly caller: number }) {
  const app = createHttpApp({ logger, checks: {}, trustedProxies: 1 });
  let checked = 0;
  const limitOf = (quota: number) => ({ quota, windowSeconds: 60 });
  limitReads(app, {
    tokens: {
      verify: async (authorization, beforeCheck): Promise<Caller | undefined> => {
        if (authorization === undefined) return undefined;
        beforeCheck?.();
        checked += 1;
        if (authorization === 'Bearer bad') throw new AppError('unauthorized');
        return { issuer: 'test', subject: authorization, scopes: new Set<Scope>() };
      },
    },
    limits: createRateLimits({
      policies: {
        'network-reads': limitOf(quotas.network),
        'caller-reads': limitOf(quotas.caller),
      },
      logger,
    }),
    clientDigest: (client) => client,
  });
  let answered = 0;
  app.get('/v1/things', async (request) => {
    answered += 1;
    return { caller: callerOf(request)?.subject ?? 'nobody' };
  });
  app.get('/docs', async () => 'page');
  app.get('/unverified', async (request) => callerOf(request));
  const get = (from: string, token?: string, url = '/v1/things') =>
    app.inject({
      url,
      headers: {
        'x-forwarded-for': from,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
  return { get, answered: () => answered, checked: () => checked };
}

test('a network without a token has its limit, with headers, and no other network pays for it', async (t) => {
  const { get, answered } = createTestApp({ network: 2, caller: 100 });
  const first = await get('192.0.2.1');
  t.like(first.headers, {
    'ratelimit-policy': '"network-reads";q=2;w=60',
    ratelimit: '"network-reads";r=1;t=60',
  });
  await get('192.0.2.1');
  const third = await get('192.0.2.1');
  t.is(third.statusCode, 429);
  t.is(third.json<{ code: string }>().code, 'rate-limited');
  t.like(third.headers, { ratelimit: '"network-reads";r=0;t=60', 'retry-after': '60' });
  t.is(answered(), 2);
  t.is((await get('192.0.2.2')).statusCode, 200);
});

test('an IPv6 client is its /64', async (t) => {
  const { get } = createTestApp({ network: 2, caller: 100 });
  await get('2001:db8:1:2::1');
  await get('2001:db8:1:2:ffff::7');
  t.is((await get('2001:db8:1:2:3:4:5:6')).statusCode, 429);
  t.is((await get('2001:db8:1:3::1')).statusCode, 200);
});

test('a caller has a limit of its own, wherever it asks from', async (t) => {
  const { get } = createTestApp({ network: 1, caller: 2 });
  await get('192.0.2.1');
  t.is((await get('192.0.2.1')).statusCode, 429);
  const own = await get('192.0.2.1', 'app');
  t.is(own.headers['ratelimit-policy'], '"caller-reads";q=2;w=60');
  await get('192.0.2.9', 'app');
  t.is((await get('192.0.2.3', 'app')).statusCode, 429);
  t.is((await get('192.0.2.3', 'other')).statusCode, 200);
});

test('guesses of tokens are counted, and shut out no good token of the same address', async (t) => {
  const { get, checked } = createTestApp({ network: 2, caller: 100 });
  t.is((await get('192.0.2.1', 'bad')).statusCode, 401);
  t.is((await get('192.0.2.1', 'bad')).statusCode, 401);
  const refused = await get('192.0.2.1', 'bad');
  t.is(refused.statusCode, 429);
  t.is(refused.headers['retry-after'], '60');
  t.is((await get('192.0.2.1', 'app')).statusCode, 200);
  t.is(checked(), 4);
});

test('of an address with too many guesses so many tokens are checked in a second', async (t) => {
  const { get, checked } = createTestApp({ network: 1, caller: 100 });
  for (let n = 0; n < 300; n += 1) await get('192.0.2.1', 'bad');
  t.true(checked() < 300);
  const before = checked();
  const refused = await get('192.0.2.1', 'app');
  // Unless a second has just begun.
  if (checked() === before) t.like(refused, { statusCode: 429, headers: { 'retry-after': '1' } });
  t.is((await get('192.0.2.2', 'app')).statusCode, 200);
});

test('the token of a request is verified once, and its route knows the caller', async (t) => {
  const { get, checked } = createTestApp({ network: 100, caller: 100 });
  t.deepEqual((await get('192.0.2.1', 'app')).json(), { caller: 'Bearer app' });
  t.is(checked(), 1);
  t.deepEqual((await get('192.0.2.1')).json(), { caller: 'nobody' });
});

test('a route that asks for a caller whom nobody has verified fails', async (t) => {
  const { get } = createTestApp({ network: 100, caller: 100 });
  t.is((await get('192.0.2.1', 'app', '/unverified')).statusCode, 500);
});

test('pages are not counted', async (t) => {
  const { get } = createTestApp({ network: 1, caller: 1 });
  for (let n = 0; n < 3; n += 1) {
    const { statusCode, headers } = await get('192.0.2.1', undefined, '/docs');
    t.is(statusCode, 200);
    t.is(headers['ratelimit'], undefined);
  }
});

test('paths and methods that no route takes are counted too', async (t) => {
  const long = `/v1/registrations/${'a'.repeat(300)}`;
  for (const path of ['/v1/nothing', '/v1', '/v1/registrations', long, '/v1/%zz', '/v1/%ff']) {
    const { get } = createTestApp({ network: 2, caller: 100 });
    const ask = async (token?: string) => (await get('192.0.2.1', token, path)).statusCode;
    for (let n = 0; n < 2; n += 1) t.true([404, 405].includes(await ask()), path);
    t.is(await ask(), 429, path);
    t.is(await ask('app'), path === '/v1/registrations' ? 405 : 404);
    t.is(await ask('bad'), 401, path);
  }
});

test('every query documents that it is limited', (t) => {
  for (const operation of Object.values(OPERATIONS)) {
    if (operation.service !== 'query-api') continue;
    t.true((operation.problems as readonly string[]).includes('rate-limited'), operation.id);
  }
});
