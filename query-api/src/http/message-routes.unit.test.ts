import { MessagesView } from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import type { MessagesQuery, ReadMessages } from '../stores/messages-store.ts';
import { messageRoutes } from './message-routes.ts';
import { createRouteApp, type TestCallers } from './route-app.fixture.ts';

const id = '01980000-0000-7000-8000-00000000000a';
const view: MessagesView = {
  messages: [
    {
      id: 7,
      cause: 'attempt',
      kind: null,
      state: 'waiting',
      reason: null,
      tries: 0,
      repeats: 0,
      nextTryAt: '2026-03-04T05:06:07.089Z',
      askedAt: '2026-03-04T05:06:07.089Z',
      changedAt: '2026-03-04T05:06:07.089Z',
    },
  ],
  next: '7',
};
const callers: TestCallers = {
  operator: { subject: 'operator', scopes: ['ops:read'] },
  // Asks about themselves: their mails are the business of operators.
  person: { subject: id, scopes: ['users:read', 'users:admin', 'ops:write'] },
};

/** Sends a request, and notes what the store is asked for. */
async function get(path: string, caller?: string, readMessages: ReadMessages = async () => view) {
  const queries: MessagesQuery[] = [];
  const app = createRouteApp(callers);
  await app.register(
    messageRoutes({
      readMessages: (query) => {
        queries.push(query);
        return readMessages(query);
      },
    }),
  );
  const headers = caller === undefined ? {} : { authorization: caller };
  const response = await app.inject({ method: 'GET', url: `/v1/users/${path}`, headers });
  return { response, queries };
}

test('an operator reads the mails of an id in either case, a hundred by default', async (t) => {
  const { response, queries } = await get(`${id.toUpperCase()}/messages`, 'operator');
  t.is(response.statusCode, 200);
  t.deepEqual(response.json(), view);
  t.true(Value.Check(MessagesView, response.json()));
  t.is(response.headers['cache-control'], 'no-store');
  t.deepEqual(queries, [{ id, limit: 100, after: undefined }]);
});

test('passes on the page', async (t) => {
  const { queries } = await get(`${id}/messages?limit=20&after=7`, 'operator');
  t.deepEqual(queries, [{ id, limit: 20, after: '7' }]);
});

const refuses = test.macro<[string | undefined, string, number, string]>({
  title: (what = '') => `${what} is refused before anything is read`,
  exec: async (t, caller, path, status, code) => {
    const { response, queries } = await get(path, caller);
    t.is(response.statusCode, status);
    t.like(response.json(), { code });
    t.deepEqual(queries, []);
  },
});

test('a request without token', refuses, undefined, `${id}/messages`, 401, 'unauthorized');
test('the person', refuses, 'person', `${id}/messages`, 403, 'forbidden');
test('the person with a bad limit', refuses, 'person', `${id}/messages?limit=x`, 403, 'forbidden');
test('an id that is no UUID', refuses, 'operator', '7/messages', 404, 'user-not-found');
for (const query of ['limit=0', 'limit=101', 'limit=1e1', 'after=0', 'after=-1', 'after=x']) {
  test(query, refuses, 'operator', `${id}/messages?${query}`, 422, 'invalid-request');
}

test('an unavailable store is 503', async (t) => {
  const { response } = await get(`${id}/messages`, 'operator', async () => {
    throw new AppError('store-unavailable', { retryAfterSeconds: 1 });
  });
  t.is(response.statusCode, 503);
  t.like(response.json(), { code: 'store-unavailable' });
});
