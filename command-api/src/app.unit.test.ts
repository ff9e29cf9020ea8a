import { ROUTES } from '@zameni/contracts';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { createApi } from './api.fixture.ts';

test('readiness names the log when it is missing', async (t) => {
  const { app } = createApi(t, {
    log: { ...createMemoryLog(), head: async () => Promise.reject(new Error('no leader')) },
  });
  const response = await app.inject('/readyz');
  t.is(response.statusCode, 503);
  t.deepEqual(response.json(), { ready: false, missing: ['log'], degraded: [] });
  t.is((await app.inject('/livez')).statusCode, 200);
});

test('the routes are those of the table in contracts', async (t) => {
  const { app } = createApi(t);
  await app.ready();
  const mine = ROUTES.filter((route) => route.service === 'command-api');
  for (const { method, path } of mine) {
    t.true(app.hasRoute({ method, url: path.replaceAll(/\{(\w+)\}/g, ':$1') }));
  }
  const added = ['POST', 'PATCH', 'DELETE', 'PUT'] as const;
  const printed = added.map((method) => app.printRoutes({ commonPrefix: false, method }));
  t.is(printed.join('').match(/\((POST|PATCH|DELETE|PUT)\)/g)?.length, mine.length);
  t.false(app.printRoutes({ commonPrefix: false, method: 'GET' }).includes('/v1'));
});
