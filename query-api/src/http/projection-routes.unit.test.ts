import { ProjectionsView } from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import type { ReadProjections } from '../stores/projections-store.ts';
import { projectionRoutes } from './projection-routes.ts';
import { createRouteApp, type TestCallers } from './route-app.fixture.ts';

const view: ProjectionsView = {
  head: 53,
  projections: [
    { name: 'accounts', version: 1, state: 'live', position: 50, lag: 3, lagSeconds: 7, parked: 2 },
    {
      name: 'accounts',
      version: 2,
      state: 'building',
      position: 20,
      lag: null,
      lagSeconds: null,
      parked: 0,
    },
  ],
};
const callers: TestCallers = {
  operator: { subject: 'app', scopes: ['ops:read'] },
  reader: { subject: 'app', scopes: ['users:read', 'users:admin'] },
};

async function get(
  caller: string | undefined,
  readProjections: ReadProjections = async () => view,
) {
  const app = createRouteApp(callers);
  await app.register(projectionRoutes({ readProjections }));
  const headers = caller === undefined ? {} : { authorization: caller };
  return app.inject({ method: 'GET', url: '/v1/projections', headers });
}

test('an operator reads how far the projections are', async (t) => {
  const response = await get('operator');
  t.is(response.statusCode, 200);
  t.deepEqual(response.json(), view);
  t.true(Value.Check(ProjectionsView, response.json()));
  t.like(response.headers, { 'cache-control': 'private, no-cache', vary: 'Authorization' });
});

test('other callers are refused before anything is read', async (t) => {
  const isRead = () => t.fail('the projections were read');
  const read: ReadProjections = async () => {
    isRead();
    return view;
  };
  for (const [caller, status, code] of [
    [undefined, 401, 'unauthorized'],
    ['reader', 403, 'forbidden'],
  ] as const) {
    const response = await get(caller, read);
    t.is(response.statusCode, status);
    t.like(response.json(), { code });
  }
});

test('an unavailable store is 503', async (t) => {
  const response = await get('operator', async () => {
    throw new AppError('store-unavailable', { retryAfterSeconds: 1 });
  });
  t.is(response.statusCode, 503);
  t.like(response.json(), { code: 'store-unavailable' });
});
