import type { Problem, RegistrationAccepted, RegistrationCreated, UserId } from '@zameni/contracts';
import test from 'ava';
import { toUserId } from '../log/log.fixture.ts';
import { type Api, as, createApi, key, operator, person } from '../testing/api.fixture.ts';

const keyed = { ...key, ...operator };
const otherBody = { ...person, displayName: 'Vera M.' };

/** Events between a vouched registration under a key and its retry. */
const givesFirstAnswerAgain = test.macro<[(api: Api, userId: UserId) => Promise<unknown>]>({
  title: (title = '') => `a retry gets the first answer again ${title}`,
  exec: async (t, between) => {
    const api = createApi(t);
    const first = await api.post(person, keyed);
    t.is(first.statusCode, 201);
    await between(api, toUserId(first.json<RegistrationCreated>().userId));
    const head = await api.head();
    const again = await api.post({ ...person, profile: { ...person.profile } }, keyed);
    t.is(again.statusCode, first.statusCode);
    t.is(again.body, first.body);
    t.is(again.headers['position'], first.headers['position']);
    t.is(again.headers.location, first.headers.location);
    for (const body of [otherBody, { ...person, emailVerified: true }]) {
      const other = await api.post(body, keyed);
      t.is(other.statusCode, 422);
      t.is(other.json<Problem>().code, 'idempotency-key-reused');
    }
    t.is(await api.head(), head);
  },
});

const onUser = (id: UserId) => `/v1/users/${id}`;
test('at once', givesFirstAnswerAgain, async () => undefined);
test('after proof', givesFirstAnswerAgain, ({ confirm }, id) => confirm(id));
test('after an update', givesFirstAnswerAgain, ({ send }, id) =>
  send({ method: 'PATCH', url: onUser(id), body: { displayName: 'V' }, headers: operator }),
);
test('after a change of the address', givesFirstAnswerAgain, async ({ send, confirm }, id) => {
  const email = 'vera@example.net';
  await send({ url: `${onUser(id)}/email-changes`, body: { email }, headers: operator });
  await confirm(id, { email, name: 'email-change-requested' });
});
test('after a deactivation', givesFirstAnswerAgain, ({ send }, id) =>
  send({ url: `${onUser(id)}/deactivations`, body: { reasonCode: 'abuse' }, headers: operator }),
);
test('after the owner of the mailbox disowned it', givesFirstAnswerAgain, ({ confirm }, id) =>
  confirm(id, {}, { notMine: true }),
);
test('after another person got the address', givesFirstAnswerAgain, async ({ attempt, prove }) =>
  prove(await attempt(), { holder: 'not-mine' }),
);

test('a retry after an erasure is 410 with any body, and creates no person', async (t) => {
  const { post, send, head } = createApi(t);
  const { userId } = (await post(person, keyed)).json<RegistrationCreated>();
  await send({ method: 'DELETE', url: `/v1/users/${userId}`, headers: operator });
  const before = await head();
  for (const body of [person, otherBody]) {
    const response = await post(body, keyed);
    t.is(response.statusCode, 410);
    t.is(response.json<Problem>().code, 'user-erased');
  }
  t.is(await head(), before);
});

test('a retry of a refusal is decided again, with any body', async (t) => {
  const { post, register, send, head } = createApi(t);
  const owner = await register();
  const before = await head();
  for (const body of [person, person, otherBody]) {
    t.is((await post(body, keyed)).statusCode, 409);
  }
  t.is(await head(), before);
  await send({ method: 'DELETE', url: onUser(owner), headers: operator });
  t.is((await post(otherBody, keyed)).statusCode, 201);
  t.is((await post(person, keyed)).statusCode, 422);
});

test('fifty copies of one idempotent request get one answer', async (t) => {
  const { post, head } = createApi(t);
  const responses = await Promise.all(Array.from({ length: 50 }, () => post(person, keyed)));
  t.is(new Set(responses.map(({ body }) => body)).size, 1);
  t.deepEqual(new Set(responses.map(({ statusCode }) => statusCode)), new Set([201]));
  t.is(await head(), 3);
});

test('attempt and account never share an id, which depends on the scope', async (t) => {
  const { post } = createApi(t);
  const vouched = await post(person, { ...key, ...as('app', 'registrations:write') });
  const open = await post(person, { ...key, ...as('app') });
  t.is(vouched.statusCode, 201);
  t.is(open.statusCode, 202);
  const { userId } = vouched.json<RegistrationCreated>();
  t.not(userId, open.json<RegistrationAccepted>().registrationId);
});

test('a key of two callers means two registrations, even for one subject of two issuers', async (t) => {
  const { post } = createApi(t);
  const answers = [
    await post(person, key),
    await post(person, { ...key, ...as('app|one') }),
    await post(person, { ...key, ...as('app|two') }),
    await post(person, { ...key, ...as('mila@example.org') }),
    await post(person, { ...key, ...as('jovan@example.org') }),
  ];
  for (const { statusCode } of answers) t.is(statusCode, 202);
  const ids = answers.map((answer) => answer.json<RegistrationAccepted>().registrationId);
  t.is(new Set(ids).size, answers.length);
});

test('two callers who vouch have separate keys', async (t) => {
  const { post } = createApi(t);
  const ids = await Promise.all(
    ['mila@example.org', 'jovan@example.org'].map(async (subject, n) => {
      const headers = { ...key, ...as(subject, 'registrations:write') };
      const response = await post({ ...person, email: `${n}@example.org` }, headers);
      return response.json<RegistrationCreated>().userId;
    }),
  );
  t.is(new Set(ids).size, 2);
});

test('a key that can be guessed needs a token', async (t) => {
  const { post } = createApi(t);
  const short = { 'idempotency-key': 'order-2026-0000001' };
  const refused = await post(person, short);
  t.is(refused.statusCode, 400);
  t.like(refused.json<Problem>(), {
    code: 'malformed-header',
    detail: 'Without a token an Idempotency-Key needs room for 122 random bits, as a UUID has',
  });
  t.is((await post(person, { ...short, ...as('app') })).statusCode, 202);
});
