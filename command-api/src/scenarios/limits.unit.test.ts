import type { Problem } from '@zameni/contracts';
import test from 'ava';
import { as, createApi, person } from '../testing/api.fixture.ts';

const client = { quota: 2, windowSeconds: 60 };
const resend = '/v1/email-verifications/resend';

test('an answer states the rest of the limit', async (t) => {
  const { post } = createApi(t, { limits: { client } });
  const { headers } = await post();
  t.is(headers['ratelimit-policy'], '"client";q=2;w=60');
  t.regex(String(headers['ratelimit']), /^"client";r=1;t=\d+$/);
});

test('beyond the limit a client is answered 429 and nothing is appended', async (t) => {
  const { post, head } = createApi(t, { limits: { client } });
  await post();
  await post();
  const before = await head();
  const response = await post();
  t.is(response.statusCode, 429);
  t.is(response.json<Problem>().code, 'rate-limited');
  t.regex(String(response.headers['retry-after']), /^\d+$/);
  t.regex(String(response.headers['ratelimit']), /^"client";r=0;t=\d+$/);
  t.is(await head(), before);
});

test('all commands of a client count together, separately from other clients', async (t) => {
  const { post, send, verify } = createApi(t, { limits: { client } });
  await post();
  await verify('token');
  t.is((await send({ url: resend, body: { email: person.email } })).statusCode, 429);
  t.is((await post({ ...person, email: 'a@example.org' }, as('client-1'))).statusCode, 202);
  const other = { 'x-forwarded-for': '192.0.2.7' };
  t.is((await post({ ...person, email: 'b@example.org' }, other)).statusCode, 202);
});

test('a command counts before it is validated', async (t) => {
  const { send } = createApi(t, { limits: { client: { quota: 1, windowSeconds: 60 } } });
  const request = { method: 'DELETE', url: '/v1/users/7' } as const;
  t.is((await send({ ...request, headers: as('client-1') })).statusCode, 403);
  t.is((await send({ ...request, headers: as('client-1') })).statusCode, 429);
});

test('invalid tokens count by network address, and are refused beyond the limit', async (t) => {
  const { post, head } = createApi(t, { limits: { client } });
  const guess = (headers = {}) => post(person, { ...as('bad'), ...headers });
  const first = await guess();
  t.is(first.statusCode, 401);
  t.regex(String(first.headers['ratelimit']), /^"client";r=1;t=\d+$/);
  t.is((await guess()).statusCode, 401);
  const refused = await guess();
  t.is(refused.statusCode, 429);
  t.regex(String(refused.headers['retry-after']), /^\d+$/);
  t.is((await guess({ 'x-forwarded-for': '192.0.2.7' })).statusCode, 401);
  t.is(await head(), 0);
});

test('after too many guesses a good token passes, and so do requests without one', async (t) => {
  const { post } = createApi(t, { limits: { client } });
  for (let n = 0; n < 3; n += 1) await post(person, as('bad'));
  t.is((await post(person, as('bad'))).statusCode, 429);
  t.is((await post(person, as('client-1'))).statusCode, 202);
  t.is((await post()).statusCode, 202);
});

test('commands without a token do not use the limit of tokens', async (t) => {
  const { post } = createApi(t, { limits: { client } });
  for (let n = 0; n < 3; n += 1) await post();
  t.is((await post(person, as('client-1'))).statusCode, 202);
  t.is((await post(person, as('bad'))).statusCode, 401);
});

test('callers of two issuers count separately, even with the same subject', async (t) => {
  const { post } = createApi(t, { limits: { client: { quota: 1, windowSeconds: 60 } } });
  t.is((await post(person, as('app|one'))).statusCode, 202);
  t.is((await post(person, as('app|two'))).statusCode, 202);
  t.is((await post(person, as('app|one'))).statusCode, 429);
});

const destructive = { quota: 2, windowSeconds: 60 };
const deactivation = { reasonCode: 'abuse' };

test('erasures and deactivations of a caller have a limit of their own, whoever they are of', async (t) => {
  const { register, send, head } = createApi(t, {
    limits: { client: { ...client, quota: 9 }, destructive },
  });
  const ids = [];
  for (const n of [1, 2, 3]) ids.push(await register(`many-${n}@example.org`));
  const headers = as('eraser', 'users:erase', 'users:admin', 'users:write');
  const [first, second, third] = ids;
  const erased = await send({ method: 'DELETE', url: `/v1/users/${first}`, headers });
  t.is(erased.statusCode, 202);
  t.is(erased.headers['ratelimit-policy'], '"client";q=9;w=60, "destructive";q=2;w=60');
  const url = `/v1/users/${second}/deactivations`;
  t.is((await send({ url, body: deactivation, headers })).statusCode, 202);
  const before = await head();
  for (const request of [
    { method: 'DELETE', url: `/v1/users/${third}` } as const,
    { url: `/v1/users/${third}/deactivations`, body: deactivation },
  ]) {
    const refused = await send({ ...request, headers });
    t.is(refused.statusCode, 429);
    t.regex(String(refused.headers['ratelimit']), /"destructive";r=0;t=\d+$/);
    t.regex(String(refused.headers['retry-after']), /^\d+$/);
  }
  t.is(await head(), before);
  // What takes nothing away goes on, and so do other callers.
  const body = { displayName: 'Vera' };
  t.is((await send({ method: 'PATCH', url: `/v1/users/${third}`, body, headers })).statusCode, 202);
  const other = as('other', 'users:erase');
  t.is(
    (await send({ method: 'DELETE', url: `/v1/users/${third}`, headers: other })).statusCode,
    202,
  );
});

test('the limit of erasures holds also if all commands have none', async (t) => {
  const { send } = createApi(t, { limits: { destructive: { quota: 1, windowSeconds: 60 } } });
  const request = {
    method: 'DELETE',
    url: '/v1/users/01980000-0000-7000-8000-000000000001',
  } as const;
  const headers = as('eraser', 'users:erase');
  t.is((await send({ ...request, headers })).statusCode, 404);
  t.is((await send({ ...request, headers })).statusCode, 429);
});
