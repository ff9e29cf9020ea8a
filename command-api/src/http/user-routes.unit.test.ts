import { CommandAccepted, type Problem, type UserId } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import test from 'ava';
import { userIdOf } from '../domain/situation.fixture.ts';
import {
  type Api,
  as,
  createApi,
  key,
  operator,
  person,
  type Sent,
} from '../testing/api.fixture.ts';

type Request = (id: string) => Sent;

const update: Request = (id) => ({
  method: 'PATCH',
  url: `/v1/users/${id}`,
  body: { displayName: 'V' },
});
const changeEmail: Request = (id) => ({
  url: `/v1/users/${id}/email-changes`,
  body: { email: 'vera@example.net' },
});
const deactivate: Request = (id) => ({
  url: `/v1/users/${id}/deactivations`,
  body: { reasonCode: 'abuse' },
});
const reactivate: Request = (id) => ({
  url: `/v1/users/${id}/reactivations`,
  body: { reasonCode: 'appeal' },
});
const erase: Request = (id) => ({ method: 'DELETE', url: `/v1/users/${id}` });

/**
 * Every operation, its scope, whether the person themselves may use it, and the event it creates.
 */
const operations = [
  ['an update', update, 'users:write', true, 'profile-updated'],
  ['another address', changeEmail, 'users:write', true, 'email-change-requested'],
  ['a deactivation', deactivate, 'users:admin', false, 'deactivated'],
  ['a reactivation', reactivate, 'users:admin', false, 'reactivated'],
  ['an erasure', erase, 'users:erase', true, 'erased'],
] as const;

/** All scopes except one. */
const others = (scope: string) =>
  ['registrations:write', 'users:read', ...new Set(operations.map(([, , each]) => each))].filter(
    (each) => each !== scope,
  );

async function registerProven({ register, confirm }: Api): Promise<UserId> {
  const userId = await register();
  await confirm(userId);
  return userId;
}

for (const [name, request, scope, isSelfToo, event] of operations) {
  const send = async (api: Api, id: string, headers: Record<string, string>) => {
    if (request === reactivate)
      await api.send({ ...deactivate(id), headers: as('a', 'users:admin') });
    return api.send({ ...request(id), headers });
  };

  test(`${name} is accepted with ${scope}, with the position of its event`, async (t) => {
    const api = createApi(t);
    const userId = await registerProven(api);
    const response = await send(api, userId, as('client-1', scope));
    t.is(response.statusCode, 202);
    t.deepEqual(response.json(), { userId: String(userId) });
    t.is(createValidator(CommandAccepted)(response.json()), undefined);
    t.is(response.headers['cache-control'], 'no-store');
    t.true(
      (api.positions.open(String(response.headers['position'])) ?? 0) >= (await api.head()) - 1,
    );
    const last = (await api.eventsOf(userId)).at(-1);
    t.is(last?.name, event);
    t.is(last?.metadata.actor.type, 'caller');
  });

  test(`${name} is ${isSelfToo ? 'accepted from' : 'refused to'} the person themselves`, async (t) => {
    const api = createApi(t);
    const userId = await registerProven(api);
    const response = await send(api, userId, as(userId));
    t.is(response.statusCode, isSelfToo ? 202 : 403);
  });

  const refuses = test.macro<[Record<string, string>, number, string]>({
    title: (title = '') => `${name} is refused ${title}`,
    exec: async (t, headers, status, code) => {
      const api = createApi(t);
      const userId = await registerProven(api);
      const head = await api.head();
      const response = await api.send({ ...request(userId), headers });
      t.is(response.statusCode, status);
      t.is(response.json<Problem>().code, code as Problem['code']);
      t.is(await api.head(), head);
    },
  });
  test('without a token', refuses, {}, 401, 'unauthorized');
  test('with an invalid token', refuses, as('bad'), 401, 'unauthorized');
  test('with other scopes', refuses, as('client-1', ...others(scope)), 403, 'forbidden');
  test('to another person', refuses, as(userIdOf(7)), 403, 'forbidden');

  test(`${name} of an unknown id is 404`, async (t) => {
    const api = createApi(t);
    await registerProven(api);
    const pending = await api.attempt('pending@example.org');
    const head = await api.head();
    for (const id of [userIdOf(9), ...(request === erase ? [] : [pending])]) {
      const response = await api.send({ ...request(id), headers: as('client-1', scope) });
      t.is(response.statusCode, 404);
      t.is(response.json<Problem>().code, 'user-not-found');
    }
    const malformed = await api.send({ ...request('7'), headers: as('client-1', scope) });
    t.is(malformed.statusCode, 404);
    t.is(malformed.json<Problem>().code, 'not-found');
    t.is(await api.head(), head);
  });

  test(`${name} accepts an id in upper case`, async (t) => {
    const api = createApi(t);
    const userId = await registerProven(api);
    const response = await send(api, userId.toUpperCase(), as('client-1', scope));
    t.deepEqual(response.json(), { userId: String(userId) });
  });

  test(`${name} of an erased person is ${request === erase ? 'accepted again' : '410'}`, async (t) => {
    const api = createApi(t);
    const userId = await registerProven(api);
    const first = await api.send({ ...erase(userId), headers: as(userId) });
    const head = await api.head();
    const response = await api.send({ ...request(userId), headers: as('client-1', scope) });
    t.is(response.statusCode, request === erase ? 202 : 410);
    if (request === erase) t.is(response.body, first.body);
    else t.is(response.json<Problem>().code, 'user-erased');
    t.is(await api.head(), head);
  });
}

test('a deactivated person cannot be changed until they are reactivated', async (t) => {
  const api = createApi(t);
  const userId = await registerProven(api);
  const headers = as('client-1', 'users:admin', 'users:write');
  await api.send({ ...deactivate(userId), headers });
  const head = await api.head();
  for (const request of [update, changeEmail]) {
    const response = await api.send({ ...request(userId), headers });
    t.is(response.statusCode, 409);
    t.is(response.json<Problem>().code, 'user-deactivated');
  }
  t.is((await api.send({ ...deactivate(userId), headers })).statusCode, 202);
  t.is(await api.head(), head);
  await api.send({ ...reactivate(userId), headers });
  t.is((await api.send({ ...update(userId), headers })).statusCode, 202);
});

test('the own token of a person whom an operator deactivated changes and erases nothing', async (t) => {
  const api = createApi(t);
  const userId = await registerProven(api);
  await api.send({ ...deactivate(userId), headers: as('client-1', 'users:admin') });
  const head = await api.head();
  for (const request of [update, changeEmail, erase]) {
    const response = await api.send({ ...request(userId), headers: as(userId) });
    t.is(response.statusCode, 403);
    t.is(response.json<Problem>().code, 'self-deactivated');
  }
  // Their address stays held.
  t.is((await api.post(undefined, operator)).json<Problem>().code, 'address-taken');
  t.is(await api.head(), head);
  const erased = await api.send({ ...erase(userId), headers: as('client-1', 'users:erase') });
  t.is(erased.statusCode, 202);
});

const writer = as('client-1', 'users:write');

const allScopes = as('client-1', 'users:write', 'users:admin', 'users:erase');

const matches = test.macro<[string, number, string?]>({
  title: (_, header, status) => `If-Match: ${header} of version 2 is ${status}`,
  exec: async (t, header, status, code) => {
    const api = createApi(t);
    const userId = await registerProven(api);
    const headers = { ...writer, 'if-match': header };
    const response = await api.send({ ...update(userId), headers });
    t.is(response.statusCode, status);
    if (code !== undefined) t.is(response.json<Problem>().code, code as Problem['code']);
    t.is((await api.namesOf(userId)).length, status === 202 ? 3 : 2);
  },
});
test(matches, '"accounts.2-2"', 202);
test(matches, '*', 202);
test(matches, '"accounts.2-1", "accounts.2-2"', 202);
test(matches, '"accounts.2-1"', 412, 'precondition-failed');
test(matches, '"accounts.2-3"', 412, 'precondition-failed');
test(matches, 'W/"accounts.2-2"', 412, 'precondition-failed');
test(matches, '"users-2-2"', 412, 'precondition-failed');
test(matches, '"accounts.2-2', 400, 'malformed-header');

for (const [name, request] of operations) {
  test(`${name} applies only to the version that If-Match names`, async (t) => {
    const api = createApi(t);
    const userId = await registerProven(api);
    if (request === reactivate) await api.send({ ...deactivate(userId), headers: allScopes });
    const version = request === reactivate ? 3 : 2;
    const send = (tag: string, more = {}) =>
      api.send({ ...request(userId), headers: { ...allScopes, 'if-match': tag, ...more } });
    const head = await api.head();
    const stale = await send('"accounts.1-1"');
    t.is(stale.json<Problem>().code, 'precondition-failed');
    t.is(await api.head(), head);
    t.is((await send(`"accounts.1-${version}"`, key)).statusCode, 202);
    // The answer was lost, and its own change must not fail the retry.
    const changed = await api.head();
    t.is((await send(`"accounts.1-${version}"`, key)).statusCode, 202);
    t.is(await api.head(), changed);
  });
}

test('a key with another body, or for another person, is no repeat', async (t) => {
  const api = createApi(t);
  const userId = await registerProven(api);
  const headers = { ...writer, ...key };
  t.is((await api.send({ ...update(userId), headers })).statusCode, 202);
  const other = { ...update(userId), body: { displayName: 'W' }, headers };
  t.is((await api.send(other)).json<Problem>().code, 'idempotency-key-reused');
  t.is(
    (await api.send({ ...other, headers: { ...as('client-2', 'users:write'), ...key } }))
      .statusCode,
    202,
  );
});

const faulty = test.macro<[Request, unknown, Problem['errors']]>({
  title: (title = '') => `names the place of ${title}`,
  exec: async (t, request, body, errors) => {
    const api = createApi(t);
    const userId = await registerProven(api);
    const head = await api.head();
    const headers = as('client-1', 'users:write', 'users:admin');
    const response = await api.send({ ...request(userId), body, headers });
    t.is(response.statusCode, 422);
    t.is(response.json<Problem>().code, 'invalid-request');
    t.deepEqual(response.json<Problem>().errors, errors);
    t.is(await api.head(), head);
  },
});
test(
  'every fault of a patch',
  faulty,
  update,
  { displayName: ' ', locale: 'en-a', profile: { a: '\u202e' } },
  [
    { pointer: '/displayName', code: 'too-short' },
    { pointer: '/profile/a', code: 'invisible-character' },
    { pointer: '/locale', code: 'format' },
  ],
);
test('a field that cannot be patched', faulty, update, { email: 'a@example.org' }, [
  { pointer: '/email', code: 'unknown-field' },
]);
test('a profile value that is an object', faulty, update, { profile: { a: {} } }, [
  { pointer: '/profile/a', code: 'type' },
]);
const many = Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`a${n}`, n]));
test('a profile that grows too large', faulty, update, { profile: many }, [
  { pointer: '/profile', code: 'too-many' },
]);
test('an invalid new address', faulty, changeEmail, { email: 'vera@' }, [
  { pointer: '/email', code: 'format' },
]);
test('a reason in prose', faulty, deactivate, { reasonCode: 'They asked.' }, [
  { pointer: '/reasonCode', code: 'format' },
]);

test('a merge patch changes the fields that it names, in their stored form', async (t) => {
  const api = createApi(t);
  const userId = await registerProven(api);
  const body = {
    displayName: '  Vera M. ',
    locale: 'SR-latn-rs',
    profile: { city: null, seats: 2 },
  };
  await api.send({ ...update(userId), body, headers: writer });
  const { data } = (await api.readPerson(userId)).person ?? {};
  t.is(data?.displayName, 'Vera M.');
  t.is(data?.locale, 'sr-Latn-RS');
  t.deepEqual(data?.profile, { seats: 2 });
  const head = await api.head();
  const again = await api.send({ ...update(userId), body, headers: writer });
  t.is(again.statusCode, 202);
  t.is(api.positions.open(String(again.headers['position'])), head);
  t.is(await api.head(), head);
});

test('an erased person frees the address for another account', async (t) => {
  const api = createApi(t);
  const userId = await registerProven(api);
  await api.send({ ...erase(userId), headers: as(userId) });
  const response = await api.post(person, operator);
  t.is(response.statusCode, 201);
  t.not(response.json<{ userId: string }>().userId, userId);
});

test('the present address cancels a pending change, once', async (t) => {
  const api = createApi(t);
  const userId = await registerProven(api);
  const present = { ...changeEmail(userId), body: { email: person.email }, headers: writer };
  const head = await api.head();
  t.is(api.positionOf(await api.send(present)), head);
  await api.send({ ...changeEmail(userId), headers: writer });
  for (const _ of [1, 2]) t.is((await api.send(present)).statusCode, 202);
  t.deepEqual(await api.namesOf(userId), [
    'registered',
    'email-verified',
    'email-change-requested',
    'email-change-cancelled',
  ]);
});

test('an attempt is erased by its id, and repeated requests get the same answer', async (t) => {
  const api = createApi(t);
  const id = await api.attempt();
  const other = await api.attempt();
  const headers = as('client-1', 'users:erase');
  const first = await api.send({ ...erase(id), headers });
  t.is(first.statusCode, 202);
  t.deepEqual(first.json(), { userId: String(id) });
  const [, closed] = await api.attemptsOf(id);
  t.like(closed?.record, { state: 'closed', by: 'erasure', attempt: 1 });
  t.is(api.positionOf(first), closed?.position);
  const head = await api.head();
  const again = await api.send({ ...erase(id), headers });
  t.is(again.statusCode, 202);
  t.is(again.headers['position'], first.headers['position']);
  t.is(await api.head(), head);
  t.is((await api.attemptsOf(other)).length, 1);
});

test('a caller whose subject is the id of an attempt may erase it', async (t) => {
  const api = createApi(t);
  const id = await api.attempt();
  t.is((await api.send({ ...erase(id), headers: as('client-1', 'users:write') })).statusCode, 403);
  t.is((await api.send({ ...erase(id), headers: as(id) })).statusCode, 202);
});

test('the remains of an attempt can be erased past its instant', async (t) => {
  const api = createApi(t, { attemptLifetimeMs: 0 });
  const id = await api.attempt();
  const erased = await api.send({ ...erase(id), headers: as('client-1', 'users:erase') });
  t.is(erased.statusCode, 202);
  const [last] = (await api.attemptsOf(id)).slice(-1);
  t.like(last?.record, { state: 'closed', by: 'erasure' });
});

test('an attempt that was proven or disowned cannot be erased', async (t) => {
  const headers = as('client-1', 'users:erase');
  const api = createApi(t);
  const disowned = await api.attempt();
  await api.prove(disowned, { notMine: true });
  await api.register();
  const confirmed = await api.attempt();
  await api.prove(confirmed, { holder: 'confirm' });
  for (const id of [disowned, confirmed]) {
    const response = await api.send({ ...erase(id), headers });
    t.is(response.statusCode, 404);
    t.is(response.json<Problem>().code, 'user-not-found');
  }
});
