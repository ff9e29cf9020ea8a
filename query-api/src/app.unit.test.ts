import {
  PAGES,
  PositionToken,
  Problem,
  RegistrationView,
  ROUTES,
  UserView,
} from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import {
  positions,
  id,
  user,
  found,
  absent,
  erased,
  isAsked,
  as,
  createTestApp,
} from './app.fixture.ts';
import type { ViewAnswer } from './views/reader.ts';

test('has exactly the routes of the tables', async (t) => {
  const { routes } = await createTestApp();
  t.deepEqual(
    routes.filter((route) => !route.startsWith('HEAD ')).toSorted(),
    [
      ...ROUTES.filter((route) => route.service === 'query-api'),
      ...PAGES.map(({ path }) => ({ method: 'GET', path })),
    ]
      .map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/, ':$1')}`)
      .toSorted(),
  );
});

test('a deactivated person is shown to callers with the scope, not to their own token', async (t) => {
  const body = JSON.stringify({ ...user, status: 'deactivated' });
  const { get } = await createTestApp({ answer: { ...found, view: { version: 4, body } } });
  t.is((await get(`/v1/users/${id}`, as('reader'))).statusCode, 200);
  for (const headers of [as('self'), { ...as('self'), 'if-none-match': '"accounts.1-4"' }]) {
    const refused = await get(`/v1/users/${id}`, headers);
    t.is(refused.statusCode, 403);
    t.is(refused.json<Problem>().code, 'self-deactivated');
    t.is(refused.headers['etag'], undefined);
  }
});

test('answers a person with entity tag, position and cache rules', async (t) => {
  const { get } = await createTestApp({ answer: { ...found, ageMs: 2_900 } });
  const response = await get(`/v1/users/${id}`, as('reader'));
  t.is(response.statusCode, 200);
  t.deepEqual(response.json(), user);
  t.true(Value.Check(UserView, response.json()));
  t.like(response.headers, {
    'content-type': 'application/json; charset=utf-8',
    etag: '"accounts.1-3"',
    age: '2',
    'cache-control': 'private, no-cache',
    vary: 'Authorization',
    position: positions.seal(42),
  });
  t.true(Value.Check(PositionToken, response.headers['position']));
});

test('answers 304 without body when the client has this version', async (t) => {
  const { get } = await createTestApp();
  const headers = { ...as('self'), 'if-none-match': '"x", W/"accounts.1-3"' };
  const response = await get(`/v1/users/${id}`, headers);
  t.is(response.statusCode, 304);
  t.is(response.body, '');
  t.like(response.headers, { etag: '"accounts.1-3"', position: positions.seal(42) });
  const other = await get(`/v1/users/${id}`, { ...as('self'), 'if-none-match': '"accounts.1-2"' });
  t.is(other.statusCode, 200);
});

test('a client that has a person from another version of the read models gets this one', async (t) => {
  const { get } = await createTestApp({ answer: { ...found, modelVersion: 12 } });
  const headers = { ...as('self'), 'if-none-match': '"accounts.1-3"' };
  const response = await get(`/v1/users/${id}`, headers);
  t.is(response.statusCode, 200);
  t.is(response.headers['etag'], '"accounts.12-3"');
});

test('an erased person is 410, also for a client that has a copy', async (t) => {
  const { get } = await createTestApp({ answer: erased });
  for (const tag of [undefined, '"accounts.1-3"', '*']) {
    const headers = tag === undefined ? {} : { 'if-none-match': tag };
    const response = await get(`/v1/users/${id}`, { ...as('self'), ...headers });
    t.is(response.statusCode, 410);
    t.like(response.json(), { code: 'user-erased' });
    t.is(response.headers['etag'], undefined);
    t.is(response.headers['position'], positions.seal(42));
  }
  const stranger = await get(`/v1/users/${other}`, as('self'));
  t.is(stranger.statusCode, 403);
});

test('a person reads themselves by their id in either case', async (t) => {
  const { get } = await createTestApp({ answer: found });
  for (const caller of ['self', 'SELF']) {
    const small = await get(`/v1/users/${id}`, as(caller));
    const capital = await get(`/v1/users/${id.toUpperCase()}`, as(caller));
    t.deepEqual([small.statusCode, capital.statusCode], [200, 200]);
    t.deepEqual(capital.json(), user);
    // Allowed, though nothing is known of an erasure.
    t.is((await get(`/v1/users/${id.toUpperCase()}/erasure`, as(caller))).statusCode, 404);
  }
});

const refuses = test.macro({
  exec: async (t, url: string, headers: Record<string, string>, status: number, code: string) => {
    const { get, queries } = await createTestApp({ answer: absent });
    const response = await get(url, headers);
    t.is(response.statusCode, status);
    t.true(Value.Check(Problem, response.json()));
    t.like(response.json(), { code });
    const isAnswer = code.endsWith('-not-found') && url.endsWith(id);
    t.is(queries.length, isAnswer ? 1 : 0);
    t.is(response.headers['position'], isAnswer ? positions.seal(42) : undefined);
  },
  title: (what) => `${what ?? ''} is refused`,
});

const other = '01980000-0000-7000-8000-000000000002';
const bad = { ...as('reader'), 'min-position': 'x'.repeat(23) };
test('a person without token', refuses, `/v1/users/${id}`, {}, 401, 'unauthorized');
test('a person with a bad token', refuses, `/v1/users/${id}`, as('x'), 401, 'unauthorized');
test('another person', refuses, `/v1/users/${other}`, as('self'), 403, 'forbidden');
test('a person without the scope', refuses, `/v1/users/${id}`, as('writer'), 403, 'forbidden');
test(
  'a person who does not exist',
  refuses,
  `/v1/users/${id}`,
  as('reader'),
  404,
  'user-not-found',
);
test('an id that is not a UUID', refuses, '/v1/users/7', as('reader'), 404, 'user-not-found');
test('a position of another origin', refuses, `/v1/users/${id}`, bad, 400, 'malformed-header');
test(
  'a registration that is not there',
  refuses,
  `/v1/registrations/${id}`,
  {},
  404,
  'registration-not-found',
);
test(
  'a registration id that is no UUID',
  refuses,
  '/v1/registrations/7',
  {},
  404,
  'registration-not-found',
);
test(
  'a registration with a bad token',
  refuses,
  `/v1/registrations/${id}`,
  as('x'),
  401,
  'unauthorized',
);
test('an unknown path', refuses, '/v1/nothing', {}, 404, 'not-found');

test('passes on the position and the wait, and names the wait it applied', async (t) => {
  const { get, queries } = await createTestApp();
  const minPosition = { 'min-position': positions.seal(40) };
  const prefer = { prefer: 'respond-async, wait=120' };
  const response = await get(`/v1/users/${id}`, { ...as('reader'), ...minPosition, ...prefer });
  t.is(response.headers['preference-applied'], 'wait=30');
  t.like(queries[0], { kind: 'user', id, minPosition: 40, waitMs: 30_000 });
  await get(`/v1/users/${id}`, { ...as('reader'), ...minPosition });
  t.like(queries[1], { minPosition: 40, waitMs: 0 });
  const plain = await get(`/v1/users/${id}`, { ...as('reader'), ...prefer });
  t.like(queries[2], { minPosition: undefined, waitMs: 0 });
  t.is(plain.headers['preference-applied'], undefined);
});

test('a lagging projection is 503 with Retry-After', async (t) => {
  const lagging = new AppError('projection-lagging', { retryAfterSeconds: 1 });
  const { get } = await createTestApp({ answer: lagging });
  const response = await get(`/v1/users/${id}`, as('reader'));
  t.is(response.statusCode, 503);
  t.is(response.headers['retry-after'], '1');
  t.like(response.json(), { code: 'projection-lagging' });
});

for (const status of ['awaiting-proof', 'registered'] as const) {
  test(`every caller gets the status ${status} of a registration`, async (t) => {
    const answer: ViewAnswer = {
      position: 42,
      modelVersion: 1,
      view: { version: 1, body: status },
    };
    const { get, queries } = await createTestApp({ answer, isInLog: isAsked });
    for (const headers of [{}, as('reader'), as('writer')]) {
      const response = await get(`/v1/registrations/${id}`, headers);
      t.is(response.statusCode, 200);
      t.deepEqual(response.json(), { registrationId: id, status });
      t.like(response.headers, {
        'cache-control': 'private, no-cache',
        position: positions.seal(42),
      });
    }
    t.like(queries[0], { kind: 'registration', id });
  });
}

test('for an ended registration the log is not asked', async (t) => {
  const { get } = await createTestApp({ answer: erased, isInLog: isAsked });
  const response = await get(`/v1/registrations/${id}`);
  t.is(response.statusCode, 404);
  t.like(response.json(), { code: 'registration-not-found' });
  t.is(response.headers['position'], positions.seal(42));
});

test('an accepted registration is never "not found"', async (t) => {
  const { get } = await createTestApp({ answer: absent, isInLog: async () => true });
  const response = await get(`/v1/registrations/${id}`);
  t.is(response.statusCode, 200);
  t.deepEqual(response.json(), { registrationId: id, status: 'accepted' });
});

test('an unavailable log is 503, not 404', async (t) => {
  const { get } = await createTestApp({
    answer: absent,
    isInLog: async () => {
      throw new AppError('log-unavailable', { retryAfterSeconds: 1 });
    },
  });
  const response = await get(`/v1/registrations/${id}`);
  t.is(response.statusCode, 503);
  t.like(response.json(), { code: 'log-unavailable' });
});

const parkedUser: UserView = { ...user, parked: true };
const parked: ViewAnswer = {
  position: 38,
  modelVersion: 1,
  parkedAt: 39,
  view: { version: 3, body: JSON.stringify(parkedUser) },
};

test('a person who is parked is shown as before the record that waits, and said to be', async (t) => {
  const { get } = await createTestApp({ answer: parked });
  const response = await get(`/v1/users/${id}`, as('reader'));
  t.is(response.statusCode, 200);
  t.deepEqual(response.json(), parkedUser);
  t.true(Value.Check(UserView, response.json()));
  t.like(response.headers, {
    'account-parked': 'true',
    etag: '"accounts.1-parked-3"',
    position: positions.seal(38),
  });
});

test('304 does not pass from a version to the same version while parked, or back', async (t) => {
  const whole = '"accounts.1-3"';
  for (const [answer, other, own] of [
    [parked, whole, '"accounts.1-parked-3"'],
    [found, '"accounts.1-parked-3"', whole],
  ] as const) {
    const { get } = await createTestApp({ answer });
    const changed = await get(`/v1/users/${id}`, { ...as('self'), 'if-none-match': other });
    t.is(changed.statusCode, 200);
    const same = await get(`/v1/users/${id}`, { ...as('self'), 'if-none-match': own });
    t.is(same.statusCode, 304);
    t.is(same.headers['account-parked'], answer === parked ? 'true' : undefined);
  }
});

test('an answer about a person who is not parked does not mention parking', async (t) => {
  const { get } = await createTestApp();
  const response = await get(`/v1/users/${id}`, as('reader'));
  t.is(response.headers['account-parked'], undefined);
  t.false('parked' in response.json<object>());
});

test('a parked registration has the status of its row, or is accepted', async (t) => {
  for (const [view, status] of [
    [{ version: 1, body: 'awaiting-proof' }, 'awaiting-proof'],
    ['absent', 'accepted'],
  ] as const) {
    const answer: ViewAnswer = { position: 38, modelVersion: 1, parkedAt: 39, view };
    const { get } = await createTestApp({ answer, isInLog: isAsked });
    const response = await get(`/v1/registrations/${id}`);
    t.is(response.statusCode, 200);
    t.deepEqual(response.json(), { registrationId: id, status, parked: true });
    t.true(Value.Check(RegistrationView, response.json()));
    t.like(response.headers, { 'account-parked': 'true', position: positions.seal(38) });
  }
});

test('a position that is parked is 503, with a detail and a longer Retry-After', async (t) => {
  const detail = 'An operator must redrive or discard the record';
  const refused = new AppError('account-parked', { detail, retryAfterSeconds: 60 });
  const { get } = await createTestApp({ answer: refused });
  const response = await get(`/v1/users/${id}`, as('reader'));
  t.is(response.statusCode, 503);
  t.is(response.headers['retry-after'], '60');
  t.like(response.json(), { code: 'account-parked', detail });
});

test('reads are limited on every route, also before a bad position is looked at', async (t) => {
  for (const url of [`/v1/users/${id}`, `/v1/registrations/${id}`, '/v1/projections']) {
    const { get, queries } = await createTestApp({ quotas: { 'caller-reads': 1 } });
    await get(url, as('reader'));
    const asked = queries.length;
    const second = await get(url, { ...as('reader'), 'min-position': 'x' });
    t.is(second.statusCode, 429);
    t.is(queries.length, asked);
  }
});

test('every route knows the caller from the one check of the token', async (t) => {
  for (const { service, path } of ROUTES) {
    if (service !== 'query-api') continue;
    const { get, verified } = await createTestApp({ answer: erased });
    const { statusCode } = await get(path.replace(/\{\w+\}/, id), as('self'));
    t.true(statusCode < 500, path);
    t.deepEqual(verified, ['Bearer self'], path);
  }
});
