import { type ReadModelsVersion, ReadModelsVersions, type Scope } from '@zameni/contracts';
import { createHttpApp, createLogger, createRateLimits } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import { OPERATOR_LIMIT } from './operator-access.ts';
import { addReadModelsRoutes } from './read-models-routes.ts';
import { createMemoryReadModelsStore, readModelsVersion } from './read-models-store.fixture.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const callers: Readonly<Record<string, readonly Scope[]>> = {
  reader: ['ops:read'],
  writer: ['ops:write'],
  person: ['users:read', 'users:admin'],
};

/** Sends requests to the routes. The caller is the name of the scopes that they have. */
function createTestApp(...versions: readonly ReadModelsVersion[]) {
  const app = createHttpApp({ logger, checks: {} });
  const store = createMemoryReadModelsStore(...versions);
  addReadModelsRoutes(app, {
    store,
    head: async () => 20,
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
  const send = async (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    caller?: string,
    body?: object,
  ) => {
    const headers = caller === undefined ? {} : { authorization: caller };
    const payload = body === undefined ? {} : { payload: body };
    const answer = await app.inject({ method, url: `/v1/read-models${path}`, headers, ...payload });
    return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
  };
  return { store, send };
}

const live = readModelsVersion(1);
const kept = readModelsVersion(2, { state: 'kept' });
const differs = readModelsVersion(3, { state: 'differs' });

test('lists the versions and the head of the log', async (t) => {
  const { send } = createTestApp(live, differs);
  const { status, body, headers } = await send('GET', '', 'reader');
  t.is(status, 200);
  t.deepEqual(body, { head: 20, versions: [live, differs] });
  t.true(Value.Check(ReadModelsVersions, body));
  t.is(headers['cache-control'], 'no-store');
});

test('begins a rebuild of some read models or of all, one at a time', async (t) => {
  const { send } = createTestApp(live);
  const begun = await send('POST', '', 'writer', { readModels: ['users'] });
  t.is(begun.status, 202);
  t.like(begun.body, { version: 2, state: 'building', selected: ['users'] });
  t.like(await send('POST', '', 'writer', {}), { status: 409, body: { code: 'rebuild-state' } });
  const { send: again } = createTestApp(live);
  t.deepEqual((await again('POST', '', 'writer', {})).body.selected, [
    'users',
    'attempts',
    'registration_stats',
  ]);
});

test('refuses read models that are unknown, named twice, or none', async (t) => {
  const { send, store } = createTestApp(live);
  for (const body of [
    { readModels: ['people'] },
    { readModels: ['users', 'users'] },
    { readModels: [] },
    { other: 1 },
  ]) {
    t.is((await send('POST', '', 'writer', body)).status, 422);
  }
  t.deepEqual(store.versions(), [live]);
});

test('accepts differences with a reason, and goes back', async (t) => {
  const { send, store } = createTestApp(live, differs);
  t.is((await send('POST', '/3/acceptances', 'writer', {})).status, 422);
  const accepted = await send('POST', '/3/acceptances', 'writer', { reason: 'new-fold' });
  t.like(accepted, { status: 202, body: { state: 'live', acceptedReason: 'new-fold' } });
  // The answer to the first request may have been lost.
  t.is((await send('POST', '/3/acceptances', 'writer', { reason: 'new-fold' })).status, 202);
  t.is((await send('POST', '/3/acceptances', 'writer', { reason: 'other' })).status, 409);
  for (const _ of ['once', 'again']) {
    t.is((await send('POST', '/1/switches', 'writer')).status, 202);
  }
  t.deepEqual(
    store.versions().map(({ state }) => state),
    ['live', 'kept'],
  );
});

test('drops what is kept or built, never the live version', async (t) => {
  const { send } = createTestApp(live, kept, differs);
  for (const version of [2, 3]) {
    t.like(await send('DELETE', `/${version}`, 'writer'), {
      status: 202,
      body: { state: 'dropped' },
    });
  }
  t.like(await send('DELETE', '/1', 'writer'), { status: 409, body: { code: 'rebuild-state' } });
  for (const version of ['9', '0', 'x', '1e3', '9999999999']) {
    t.is((await send('DELETE', `/${version}`, 'writer')).status, 404);
  }
});

test('reading takes ops:read, changing ops:write', async (t) => {
  const { send, store } = createTestApp(live, kept, differs);
  const changes = [
    ['POST', '', {}],
    ['POST', '/3/acceptances', { reason: 'x' }],
    ['POST', '/2/switches', undefined],
    ['DELETE', '/2', undefined],
  ] as const;
  t.is((await send('GET', '')).status, 401);
  t.is((await send('GET', '', 'person')).status, 403);
  for (const [method, path, body] of changes) {
    t.is((await send(method, path, undefined, body)).status, 401);
    t.is((await send(method, path, 'reader', body)).status, 403);
  }
  t.deepEqual(store.versions(), [live, kept, differs]);
});

test('a faulty request is told nothing before its token is checked', async (t) => {
  const { send } = createTestApp(live);
  t.is((await send('POST', '', undefined, { readModels: 5 })).status, 401);
});
