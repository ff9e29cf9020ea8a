import { randomBytes } from 'node:crypto';
import { ERASURE_STORES, ErasureView } from '@zameni/contracts';
import { AppError, createPositions } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import type { ErasureAnswer } from '../stores/erasure-store.ts';
import { erasureRoutes } from './erasure-routes.ts';
import { createRouteApp, type TestCallers } from './route-app.fixture.ts';

const positions = createPositions({ current: '1', keys: new Map([['1', randomBytes(32)]]) });
const id = '01980000-0000-7000-8000-000000000001';
const view: ErasureView = {
  userId: id,
  status: 'under-way',
  requestedAt: '2026-03-04T05:06:07.089Z',
  stores: ERASURE_STORES.map((store) => ({ store, erasedAt: null })),
};
const found: ErasureAnswer = { position: 42, erasure: view };
const none: ErasureAnswer = { position: 42, erasure: undefined };

const callers: TestCallers = {
  self: { subject: id, scopes: [] },
  eraser: { subject: 'other', scopes: ['users:erase'] },
  reader: { subject: 'other', scopes: ['users:read'] },
};

async function get(caller: string | undefined, answer: ErasureAnswer | Error, path = id) {
  const app = createRouteApp(callers);
  await app.register(
    erasureRoutes({
      positions,
      readErasure: async () => {
        if (answer instanceof Error) throw answer;
        return answer;
      },
    }),
  );
  const headers = caller === undefined ? {} : { authorization: caller };
  return app.inject({ method: 'GET', url: `/v1/users/${path}/erasure`, headers });
}

for (const caller of ['self', 'eraser']) {
  test(`an erasure is shown to ${caller}`, async (t) => {
    const response = await get(caller, found);
    t.is(response.statusCode, 200);
    t.deepEqual(response.json(), view);
    t.true(Value.Check(ErasureView, response.json()));
    t.like(response.headers, {
      position: positions.seal(42),
      'cache-control': 'private, no-cache',
      vary: 'Authorization',
    });
  });
}

const refuses = test.macro<[string | undefined, ErasureAnswer | Error, number, string, string?]>({
  title: (what) => `${what ?? ''} is refused`,
  exec: async (t, caller, answer, status, code, path) => {
    const response = await get(caller, answer, path);
    t.is(response.statusCode, status);
    t.like(response.json(), { code });
  },
});

const away = new AppError('store-unavailable', { retryAfterSeconds: 1 });
test('a request without token', refuses, undefined, found, 401, 'unauthorized');
test('another caller', refuses, 'reader', found, 403, 'forbidden');
test('another caller, without an erasure', refuses, 'reader', none, 403, 'forbidden');
test('a person who was not erased', refuses, 'self', none, 404, 'user-not-found');
test('an id that is not a UUID', refuses, 'eraser', found, 404, 'user-not-found', '7');
test('an unavailable store', refuses, 'eraser', away, 503, 'store-unavailable');
