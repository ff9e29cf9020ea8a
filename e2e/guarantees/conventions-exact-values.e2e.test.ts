import { randomUUID } from 'node:crypto';
import { ACCOUNTS_PROJECTION } from '@zameni/contracts';
import { viewCacheKeys } from '@zameni/runtime';
import { connectTestRedis, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'exact-values');
const token = await system.token(['registrations:write', 'users:read', 'users:write'], 'exact');
test.after.always(() => actors[Symbol.asyncDispose]());

type Answer = { readonly status: number; readonly headers: Headers; readonly text: string };

async function send(method: string, path: string, body?: string): Promise<Answer> {
  const response = await fetch(`${system.gatewayUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const bodyWith = (number: string) => {
  const { profile: _profile, ...person } = personAt(`${randomUUID()}@exact.example.org`);
  return `${JSON.stringify(person).slice(0, -1)},"profile":{"n":${number}}}`;
};

for (const number of ['9007199254740993', '0.30000000000000001', '1e400', '1e-400', '-0']) {
  test(`the number ${number} would change when stored, and is refused on every route`, async (t) => {
    const { id } = await actors.register(personAt(`${randomUUID()}@exact.example.org`));
    const refused = [
      await send('POST', '/v1/registrations', bodyWith(number)),
      await send('PATCH', `/v1/users/${id}`, `{"profile":{"n":${number}}}`),
    ];
    for (const { status, text } of refused) {
      t.is(status, 422);
      t.deepEqual(JSON.parse(text).errors, [{ pointer: '/profile/n', code: 'inexact-number' }]);
    }
  });
}

for (const number of ['9007199254740992', '1e21', '5e-324', '1.7976931348623157e308', '0.1']) {
  test(`the number ${number} is kept exactly`, async (t) => {
    const registered = await send('POST', '/v1/registrations', bodyWith(number));
    t.is(registered.status, 201);
    const id: string = JSON.parse(registered.text).userId;
    const answer = await actors.read(id, registered.headers.get('position') ?? '');
    t.is(answer.status, 200);
    t.deepEqual(answer.status === 200 && answer.body.profile, { n: Number(number) });
  });
}

test('one entity tag stands for one text, from the cache and from Postgres', async (t) => {
  const redis = await connectTestRedis(t, 'tester');
  const profile = { zz: 1e21, email: 'x', b: 5e-324, version: true, aa: 'ž' };
  const person = { ...personAt(`${randomUUID()}@exact.example.org`), profile };
  const { id, position } = await actors.register(person);
  await actors.read(id, position);
  let cached = await send('GET', `/v1/users/${id}`);
  // A cache that does not answer in time is passed.
  await waitUntil(async () => {
    if (cached.headers.has('age')) return true;
    cached = await send('GET', `/v1/users/${id}`);
    return false;
  });
  const etag = cached.headers.get('etag') ?? '';
  const version = Number(/\.(\d+)-/.exec(etag)?.[1]);
  t.is(await redis.del(viewCacheKeys(ACCOUNTS_PROJECTION, version).entry('user', id)), 1);
  const stored = await send('GET', `/v1/users/${id}`);
  t.is(stored.headers.get('age'), null);
  t.is(stored.headers.get('etag'), etag);
  t.is(stored.text, cached.text);
});
