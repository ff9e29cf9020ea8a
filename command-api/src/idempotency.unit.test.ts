import type { Problem, RegistrationAccepted, UserId } from '@zameni/contracts';
import test from 'ava';
import { as, createApi, key, person, toUserId } from './api.fixture.ts';

type Api = ReturnType<typeof createApi>;

const admin = as('admin-1', 'users:admin', 'users:erase', 'users:write');

/** What happens between a registration under a key and its retry. */
const givesFirstAnswerAgain = test.macro<[(api: Api, userId: UserId) => Promise<unknown>]>({
  title: (title = '') => `a retry gets the first answer again ${title}`,
  exec: async (t, between) => {
    const api = createApi(t);
    const first = await api.post(person, key);
    const userId = toUserId(first.json<RegistrationAccepted>().registrationId);
    await between(api, userId);
    const head = await api.head();
    const again = await api.post({ ...person, profile: { ...person.profile } }, key);
    t.is(again.statusCode, first.statusCode);
    t.is(again.body, first.body);
    t.is(again.headers['position'], first.headers['position']);
    t.is(again.headers.location, first.headers.location);
    t.is(await api.head(), head);
    const other = await api.post({ ...person, displayName: 'Vera M.' }, key);
    t.is(other.statusCode, 422);
    t.is(other.json<Problem>().code, 'idempotency-key-reused');
    t.is(await api.head(), head);
  },
});

const onUser = (id: UserId) => `/v1/users/${id}`;
test('at once', givesFirstAnswerAgain, async () => undefined);
test('after proof', givesFirstAnswerAgain, ({ prove }, id) => prove(id));
test('after an update', givesFirstAnswerAgain, ({ send }, id) =>
  send({ method: 'PATCH', url: onUser(id), body: { displayName: 'V' }, headers: admin }),
);
test('after a change of the address', givesFirstAnswerAgain, async ({ send, prove }, id) => {
  const email = 'vera@example.net';
  await send({ url: `${onUser(id)}/email-changes`, body: { email }, headers: admin });
  await prove(id, email, 'email-change-requested');
});
test('after a deactivation', givesFirstAnswerAgain, ({ send }, id) =>
  send({ url: `${onUser(id)}/deactivations`, body: { reasonCode: 'abuse' }, headers: admin }),
);
test('after somebody else proved the mailbox', givesFirstAnswerAgain, async ({ register, prove }) =>
  prove(await register()),
);
test('after an erasure, and makes no new person', givesFirstAnswerAgain, ({ send }, id) =>
  send({ method: 'DELETE', url: onUser(id), headers: admin }),
);
test(
  'after an erasure and another registration of the address',
  givesFirstAnswerAgain,
  async ({ send, register, prove }, id) => {
    await send({ method: 'DELETE', url: onUser(id), headers: admin });
    await prove(await register());
  },
);

const trusted = as('client-1', 'registrations:write');

test('a refusal is given again, also when the address is free by now', async (t) => {
  const { post, register, prove, send, head } = createApi(t);
  const owner = await register();
  await prove(owner);
  const first = await post(person, { ...key, ...trusted });
  await send({ method: 'DELETE', url: onUser(owner), headers: admin });
  const before = await head();
  const again = await post(person, { ...key, ...trusted });
  t.is(first.statusCode, 409);
  t.is(again.statusCode, 409);
  t.is(again.headers['position'], first.headers['position']);
  t.is(await head(), before);
});

test('a pending attempt stays pending in its answer, also when it has been proven', async (t) => {
  const { post, register, prove } = createApi(t);
  await register();
  const first = await post(person, { ...key, ...trusted });
  await prove(toUserId(first.json<RegistrationAccepted>().registrationId));
  const again = await post(person, { ...key, ...trusted });
  t.is(first.statusCode, 202);
  t.is(again.statusCode, 202);
  t.is(again.body, first.body);
});

test('callers whose subject is no user id have keys of their own too', async (t) => {
  const { post } = createApi(t);
  const ids = await Promise.all(
    ['mila@example.org', 'jovan@example.org'].map(async (subject, n) => {
      const response = await post(
        { ...person, email: `${n}@example.org` },
        { ...key, ...as(subject) },
      );
      return response.json<RegistrationAccepted>().registrationId;
    }),
  );
  t.is(new Set(ids).size, 2);
});

test('a key of two callers is two registrations, be it one subject of two issuers', async (t) => {
  const { post } = createApi(t);
  const answers = [
    await post(person, key),
    await post({ ...person, email: 'b@example.org' }, { ...key, ...as('app|one') }),
    await post({ ...person, email: 'c@example.org' }, { ...key, ...as('app|two') }),
  ];
  for (const { statusCode } of answers) t.is(statusCode, 202);
  const ids = answers.map((answer) => answer.json<RegistrationAccepted>().registrationId);
  t.is(new Set(ids).size, 3);
});

test('a key that may be guessed is for callers with a token', async (t) => {
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
