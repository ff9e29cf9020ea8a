import { OPERATIONS, type Operation, type Problem } from '@zameni/contracts';
import test from 'ava';
import { userIdOf } from '../domain/situation.fixture.ts';
import { as, createApi, person } from '../testing/api.fixture.ts';

type Sent = { readonly type: string; readonly payload: string };

/** Bodies that no operation takes, which a request without permission must not be told. */
const BODIES: Readonly<Record<string, Sent>> = {
  'a wrong value': { type: 'application/json', payload: '{"displayName":5}' },
  'no JSON': { type: 'application/json', payload: '{' },
  'another media type': { type: 'text/plain', payload: 'x' },
  'too large a body': { type: 'application/json', payload: `"${'x'.repeat(20_000)}"` },
  'text that cannot be stored': { type: 'application/json', payload: '{"displayName":"\\u0000"}' },
};

const operations: readonly Operation[] = Object.values(OPERATIONS);
const commands = operations.filter(({ service }) => service === 'command-api');
const urlOf = ({ path }: Operation) => path.replace('{id}', userIdOf(1));

for (const operation of commands.filter(({ token }) => token === 'needed')) {
  for (const [what, { type, payload }] of Object.entries(BODIES)) {
    test(`${operation.id} with ${what} is 401 without a token and 403 without the scope`, async (t) => {
      const { app } = createApi(t);
      const method = operation.method === 'get' ? 'GET' : operation.method;
      const send = (headers: Readonly<Record<string, string>>) =>
        app.inject({
          method,
          url: urlOf(operation),
          headers: { 'content-type': type, ...headers },
          payload,
        });
      t.is((await send({})).json<Problem>().code, 'unauthorized');
      t.is((await send(as('bad'))).json<Problem>().code, 'unauthorized');
      const refused = await send(as('client-1', 'stats:read'));
      t.is(refused.json<Problem>().code, 'forbidden');
      const [scope = ''] = operation.scopes;
      t.is(refused.json<Problem>().detail, `The token lacks the scope ${scope}`);
      t.is(
        refused.headers['www-authenticate'],
        `Bearer error="insufficient_scope", scope="${scope}"`,
      );
    });
  }
}

const client = { quota: 3, windowSeconds: 60 };

for (const operation of commands.filter(({ token }) => token === 'optional')) {
  for (const [what, { type, payload }] of Object.entries(BODIES)) {
    test(`${operation.id} with ${what} counts, and is not read beyond the limit`, async (t) => {
      const { app } = createApi(t, { limits: { client } });
      const send = () =>
        app.inject({
          method: 'POST',
          url: urlOf(operation),
          headers: { 'content-type': type },
          payload,
        });
      for (const remaining of [2, 1, 0]) {
        const answer = await send();
        t.true(answer.statusCode >= 400 && answer.statusCode < 429, String(answer.statusCode));
        t.regex(String(answer.headers['ratelimit']), new RegExp(`r=${remaining};`));
      }
      t.is((await send()).json<Problem>().code, 'rate-limited');
    });
  }
}

test('a large body with a token without the scope is refused before it is validated', async (t) => {
  const { post } = createApi(t);
  const unknown = Object.fromEntries(
    Array.from({ length: 200 }, (_, n) => [`f${n}`, 'x'.repeat(50)]),
  );
  const answer = await post({ ...person, ...unknown }, as('client-1', 'users:read'));
  t.is(answer.json<Problem>().code, 'payload-too-large');
});
