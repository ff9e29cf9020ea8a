import {
  MAX_PARKED_PAGE,
  PARK_REASONS,
  type ParkedSubject,
  ParkedSubjects,
  type Scope,
} from '@zameni/contracts';
import { AppError, createHttpApp, createLogger, createRateLimits } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import type { ParkReason } from '../parking/changes.ts';
import { OPERATOR_LIMIT } from './operator-access.ts';
import { addParkedRoutes } from './parked-routes.ts';
import { createMemoryOperatorStore, parkedSubject, REQUESTED_AT } from './parked-store.fixture.ts';
import type { OperatorStore } from './parked-store.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const callers: Readonly<Record<string, readonly Scope[]>> = {
  reader: ['ops:read'],
  writer: ['ops:write'],
  person: ['users:read', 'users:admin'],
};

/** Sends requests to the routes. The caller is the name of the scopes that they have. */
function createTestApp(store: OperatorStore = createMemoryOperatorStore([])) {
  const app = createHttpApp({ logger, checks: {} });
  addParkedRoutes(app, {
    store,
    limits: createRateLimits({ policies: { operator: OPERATOR_LIMIT }, logger, now: () => 0 }),
    logger,
    actorOf: ({ subject }) => `actor of ${subject}`,
    tokens: {
      verify: async (authorization) => {
        const scopes = callers[authorization ?? ''];
        return scopes && { issuer: 'test', subject: 'somebody', scopes: new Set<string>(scopes) };
      },
    },
  });
  const send = (method: 'GET' | 'POST') => async (path: string, caller?: string, body?: object) => {
    const headers = caller === undefined ? {} : { authorization: caller };
    const payload = body === undefined ? {} : { payload: body };
    const answer = await app.inject({ method, url: `/v1/parked${path}`, headers, ...payload });
    return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
  };
  return { get: send('GET'), post: send('POST') };
}

const account = parkedSubject(1);
const other = parkedSubject(2, { reason: 'rejected', detail: '22001' });
const attempt = { ...parkedSubject(1, { position: 3 }), subject: `zameni.attempt.${account.id}` };
const all = [account, other, attempt];
const discard = { reason: 'lost-key', position: 1 };

test('lists what is parked', async (t) => {
  const { get } = createTestApp(createMemoryOperatorStore(all));
  const { status, body, headers } = await get('', 'reader');
  t.is(status, 200);
  t.deepEqual(body, { parked: all, next: null });
  t.true(Value.Check(ParkedSubjects, body));
  t.is(headers['cache-control'], 'no-store');
});

const filters = test.macro<[string, readonly ParkedSubject[]]>({
  title: (_, query) => `${query} filters`,
  exec: async (t, query, expected) => {
    const { get } = createTestApp(createMemoryOperatorStore(all));
    t.deepEqual((await get(`?${query}`, 'reader')).body.parked, expected);
  },
});
test(filters, 'reason=rejected', [other]);
test(filters, 'projection=accounts', all);
test(filters, 'projection=others', []);
test(filters, `id=${account.id}`, [account, attempt]);
test(filters, `id=${attempt.subject}`, [attempt]);

test('lists page by page', async (t) => {
  const { get } = createTestApp(createMemoryOperatorStore(all));
  const first = await get('?limit=2', 'reader');
  t.deepEqual(first.body.parked, [account, other]);
  const second = await get(`?limit=2&after=${first.body.next}`, 'reader');
  t.deepEqual(second.body, { parked: [attempt], next: null });
  t.is((await get(`?limit=${MAX_PARKED_PAGE}`, 'reader')).status, 200);
});

for (const query of ['limit=0', 'limit=1001', 'reason=Not%20a%20word', 'after=7', 'loud=1']) {
  test(`refuses ?${query}`, async (t) => {
    const { status, body } = await createTestApp().get(`?${query}`, 'reader');
    t.is(status, 422);
    t.is(body.code, 'invalid-request');
    t.is(body.errors.length, 1);
  });
}

test('shows an id in either case, and a subject that is percent-encoded', async (t) => {
  const unknown = parkedSubject(9, { subject: 'zameni.account.ä%/b', id: 'ä%/b' });
  const { get } = createTestApp(createMemoryOperatorStore([...all, unknown]));
  t.deepEqual((await get(`/${account.id.toUpperCase()}`, 'reader')).body.parked, [
    account,
    attempt,
  ]);
  const { body } = await get(`/${encodeURIComponent(unknown.subject)}`, 'reader');
  t.deepEqual(body.parked, [unknown]);
});

test('a redrive is requested, and a second request changes nothing', async (t) => {
  const { get, post } = createTestApp(createMemoryOperatorStore(all));
  const { status, body } = await post(`/${account.subject}/redrives`, 'writer');
  t.is(status, 202);
  t.deepEqual(body.parked, [{ ...account, redriveRequestedAt: REQUESTED_AT }]);
  t.deepEqual((await post(`/${account.subject}/redrives`, 'writer')).body, body);
  t.deepEqual((await get(`/${attempt.subject}`, 'reader')).body.parked, [attempt]);
});

test('a discard notes position, reason and actor, and requests a redrive', async (t) => {
  const store = createMemoryOperatorStore(all);
  const { post } = createTestApp(store);
  const { status, body } = await post(`/${account.id}/discards`, 'writer', discard);
  t.is(status, 202);
  t.deepEqual(body.parked, [{ ...account, redriveRequestedAt: REQUESTED_AT }]);
  t.deepEqual(store.discards, [{ ...discard, id: account.id, actor: 'actor of somebody' }]);
});

test('a discard of a record that is not the parked one any more is refused', async (t) => {
  const store = createMemoryOperatorStore(all);
  const { post } = createTestApp(store);
  const body = { ...discard, position: 2 };
  const answer = await post(`/${account.id}/discards`, 'writer', body);
  t.is(answer.status, 409);
  t.is(answer.body.code, 'park-changed');
  t.deepEqual(store.discards, []);
});

for (const body of [
  { reason: 'lost-key' },
  { position: 1 },
  { reason: 'Their name', position: 1 },
  { reason: 'lost-key', position: '1' },
  { reason: 'lost-key', position: 0 },
  { ...discard, note: 'x' },
]) {
  test(`refuses the discard ${JSON.stringify(body)}`, async (t) => {
    const store = createMemoryOperatorStore(all);
    const answer = await createTestApp(store).post(`/${account.id}/discards`, 'writer', body);
    t.is(answer.status, 422);
    t.deepEqual(store.discards, []);
  });
}

test('what is not parked is not found', async (t) => {
  const { get, post } = createTestApp();
  for (const answer of [
    await get(`/${account.id}`, 'reader'),
    await post(`/${account.id}/redrives`, 'writer'),
    await post(`/${account.id}/discards`, 'writer', discard),
  ]) {
    t.is(answer.status, 404);
    t.is(answer.body.code, 'not-found');
  }
});

const refuses = test.macro<[string | undefined, number]>({
  title: (what) => `${what ?? ''} changes nothing`,
  exec: async (t, caller, status) => {
    const store = createMemoryOperatorStore(all);
    const { get, post } = createTestApp(store);
    t.is((await post(`/${account.id}/redrives`, caller)).status, status);
    t.is((await post(`/${account.id}/discards`, caller, discard)).status, status);
    t.deepEqual((await get('', 'reader')).body.parked, all);
    t.deepEqual(store.discards, []);
  },
});
test('a request without a token', refuses, undefined, 401);
test('a caller who may only read', refuses, 'reader', 403);
test('a caller with other scopes', refuses, 'person', 403);

test('reading takes a token with its scope', async (t) => {
  const { get } = createTestApp(createMemoryOperatorStore(all));
  for (const path of ['', `/${account.id}`]) {
    t.is((await get(path)).status, 401);
    t.is((await get(path, 'person')).status, 403);
    t.is((await get(path, 'writer')).status, 403);
  }
});

test('changes are limited, whatever they are', async (t) => {
  const { post } = createTestApp(createMemoryOperatorStore(all));
  for (let n = 0; n < OPERATOR_LIMIT.quota; n += 1) {
    t.is((await post(`/${account.id}/redrives`, 'writer')).status, 202);
  }
  const { status, body, headers } = await post(`/${account.id}/discards`, 'writer', discard);
  t.is(status, 429);
  t.is(body.code, 'rate-limited');
  t.is(headers['retry-after'], '1');
});

test('a store that does not answer is 503', async (t) => {
  const away = async () => {
    throw new AppError('store-unavailable', { retryAfterSeconds: 1 });
  };
  const store = { list: away, find: away, requestRedrive: away, discard: away, count: away };
  const { status, body } = await createTestApp(store).get('', 'reader');
  t.is(status, 503);
  t.is(body.code, 'store-unavailable');
});

test('operators are told the meaning of every reason', (t) => {
  // The type holds the reasons of the projector and those of the contract equal.
  const reasons: Readonly<Record<ParkReason, string>> = PARK_REASONS;
  t.deepEqual(
    Object.keys(reasons).filter((reason) => !/^[a-z][a-z0-9-]{0,63}$/.test(reason)),
    [],
  );
});

test('a faulty request is told nothing before its token is checked', async (t) => {
  const { get, post } = createTestApp(createMemoryOperatorStore(all));
  for (const [caller, status] of [
    [undefined, 401],
    ['person', 403],
  ] as const) {
    t.is((await get('?limit=0', caller)).status, status);
    t.is((await post(`/${account.id}/discards`, caller, { position: 0 })).status, status);
  }
});
