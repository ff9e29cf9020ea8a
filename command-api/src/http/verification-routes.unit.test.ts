import { CommandAccepted, DISOWNED, type Problem, recordKind, subjects } from '@zameni/contracts';
import { createValidator } from '@zameni/runtime';
import test from 'ava';
import type { Said } from '../domain/verification.ts';
import { readAll } from '../log/log.fixture.ts';
import { type Api, createApi, operator, person } from '../testing/api.fixture.ts';

const everything: Said = {
  displayName: ' Vera ',
  locale: 'DE-at',
  termsVersion: '2026-02',
  profile: { seats: 2 },
};
const email = 'vera@example.net';

async function wantEmail({ send }: Api, id: string, wanted = email) {
  const body = { email: wanted };
  await send({ url: `/v1/users/${id}/email-changes`, body, headers: operator });
}
const isChange = { email, name: 'email-change-requested' } as const;

test('proof of a free address creates the account and closes the attempt in one commit', async (t) => {
  const { attempt, prove, log, claimOf, positionOf, attemptsOf } = createApi(t);
  const id = await attempt();
  const response = await prove(id);
  t.is(response.statusCode, 202);
  t.deepEqual(response.json(), { userId: String(id) });
  t.is(createValidator(CommandAccepted)(response.json()), undefined);
  t.is(response.headers['cache-control'], 'no-store');
  const [, claim, deletion, ...more] = await readAll(log);
  t.is(claim?.subject, subjects.claim(claimOf(person.email)));
  t.is(deletion && recordKind(deletion.subject), 'deletion');
  t.deepEqual(
    more.map(({ subject }) => subject),
    [subjects.attempt(id), subjects.key(id), subjects.account(id)],
  );
  t.is(positionOf(response), more.at(-1)?.position);
  t.like((await attemptsOf(id)).at(-1)?.record, { state: 'closed', attempt: 1, by: 'proof' });
});

test('the account has the data and the position of the attempt', async (t) => {
  const { join, readPerson, eventsOf } = createApi(t);
  const id = await join();
  t.like((await readPerson(id)).person?.data, {
    email: person.email,
    displayName: person.displayName,
    locale: person.locale,
    profile: person.profile,
  });
  const [event] = await eventsOf(id);
  t.like(event?.data, { emailVerified: true, attempt: 1, termsVersion: person.termsVersion });
  t.is(event?.data['mail'], undefined);
});

test('the prover’s own data replaces the attempt’s, in its stored form', async (t) => {
  const { attempt, prove, readPerson, eventsOf } = createApi(t);
  const id = await attempt();
  t.is((await prove(id, everything)).statusCode, 202);
  t.like((await readPerson(id)).person?.data, {
    email: person.email,
    displayName: 'Vera',
    locale: 'de-AT',
    profile: { seats: 2 },
  });
  t.like((await eventsOf(id))[0]?.data, { termsVersion: '2026-02', locale: 'de-AT' });
});

test('an unproven holder is reported, and the link stays valid', async (t) => {
  const { register, attempt, attemptToken, verify, head, namesOf } = createApi(t);
  const holder = await register();
  const token = await attemptToken(await attempt());
  const before = await head();
  for (const said of [{}, everything]) {
    const response = await verify(token, said);
    t.is(response.statusCode, 409);
    t.is(response.json<Problem>().code, 'address-unproven');
  }
  t.is(await head(), before);
  t.is((await verify(token, { holder: 'confirm' })).statusCode, 202);
  t.deepEqual(await namesOf(holder), ['registered', 'email-verified']);
});

test('confirming the holder proves its account and closes the attempt for it', async (t) => {
  const { register, attempt, attemptsOf, prove, readPerson, namesOf, post } = createApi(t);
  const holder = await register();
  const id = await attempt();
  const response = await prove(id, { holder: 'confirm' });
  t.deepEqual(response.json(), { userId: String(holder) });
  const { state } = await readPerson(holder);
  t.true('emailVerified' in state && state.emailVerified);
  t.deepEqual(await namesOf(id), []);
  const { record } = (await attemptsOf(id)).at(-1) ?? {};
  t.like(record, { state: 'closed', by: 'proof', userId: String(holder) });
  t.is((await post(person, operator)).statusCode, 409);
});

test('confirming the holder accepts no data of the prover', async (t) => {
  const { register, attempt, prove, head } = createApi(t);
  await register();
  const id = await attempt();
  const before = await head();
  const response = await prove(id, { holder: 'confirm', ...everything });
  t.is(response.statusCode, 422);
  t.deepEqual(
    response.json<Problem>().errors,
    ['displayName', 'locale', 'termsVersion', 'profile'].map((name) => ({
      pointer: `/${name}`,
      code: 'not-taken' as const,
    })),
  );
  t.is(await head(), before);
});

test('disowning the holder releases its address in the commit that creates the account', async (t) => {
  const { register, attempt, prove, readPerson, eventsOf, log, head } = createApi(t);
  const holder = await register();
  const id = await attempt();
  const before = await head();
  const response = await prove(id, { holder: 'not-mine', ...everything });
  t.deepEqual(response.json(), { userId: String(id) });
  const commit = (await readAll(log)).filter(({ position }) => position > before);
  t.deepEqual(
    commit.map(({ subject }) => recordKind(subject)),
    ['claim', 'deletion', 'attempt', 'key', 'account', 'account'],
  );
  t.is(await head(), before + commit.length);
  const event = (await eventsOf(holder)).at(-1);
  t.is(event?.name, 'deactivated');
  t.deepEqual(event?.data, { reasonCode: DISOWNED, address: 'released' });
  t.like((await readPerson(holder)).state, { status: 'deactivated', holdsAddress: false });
  t.is((await readPerson(id)).person?.data?.displayName, 'Vera');
});

for (const said of [{}, { holder: 'confirm' }, { holder: 'not-mine' }] satisfies Said[]) {
  test(`a proven account keeps its address: ${JSON.stringify(said)}`, async (t) => {
    const { register, attempt, prove, head } = createApi(t);
    const holder = await register(person.email, { emailVerified: true });
    const id = await attempt();
    const before = await head();
    const response = await prove(id, said);
    t.is(response.statusCode, 409);
    t.is(response.json<Problem>().code, 'address-taken');
    t.false(response.body.includes(holder));
    t.is(await head(), before);
  });
}

test('a deactivated unproven account cannot be confirmed, but disowned', async (t) => {
  const { register, attempt, prove, send } = createApi(t);
  const holder = await register();
  const body = { reasonCode: 'abuse' };
  await send({ url: `/v1/users/${holder}/deactivations`, body, headers: operator });
  const id = await attempt();
  const refused = await prove(id, { holder: 'confirm' });
  t.is(refused.statusCode, 409);
  t.is(refused.json<Problem>().code, 'user-deactivated');
  t.is((await prove(id, { holder: 'not-mine' })).statusCode, 202);
});

test('a disowned attempt is closed, will be deleted and can no longer be proven', async (t) => {
  const { attempt, attemptToken, verify, attemptsOf, namesOf, log } = createApi(t);
  const id = await attempt();
  const token = await attemptToken(id);
  const response = await verify(token, { notMine: true });
  t.is(response.statusCode, 202);
  t.deepEqual(response.json(), { userId: String(id) });
  t.like((await attemptsOf(id)).at(-1)?.record, { state: 'closed', by: 'not-mine', attempt: 1 });
  t.true((await readAll(log)).some(({ subject }) => recordKind(subject) === 'deletion'));
  t.is((await verify(token)).statusCode, 422);
  t.deepEqual(await namesOf(id), []);
});

test('the link of an account proves its address and closes the attempt that it names', async (t) => {
  const { register, attempt, attemptsOf, confirm, readPerson, positionOf, head } = createApi(t);
  const holder = await register();
  const named = { id: await attempt(), position: await head() };
  const other = await attempt();
  const response = await confirm(holder, { attempt: named });
  t.is(response.statusCode, 202);
  t.deepEqual(response.json(), { userId: String(holder) });
  t.is(positionOf(response), await head());
  const { state } = await readPerson(holder);
  t.true('emailVerified' in state && state.emailVerified);
  const closed = { state: 'closed', by: 'proof', userId: String(holder) } as const;
  t.like((await attemptsOf(named.id)).at(-1)?.record, closed);
  t.is((await attemptsOf(other)).length, 1);
});

test('the link of an unproven account disowns it: deactivated, and the address is free', async (t) => {
  const { register, confirm, post, readPerson, eventsOf } = createApi(t);
  const holder = await register();
  const response = await confirm(holder, {}, { notMine: true });
  t.is(response.statusCode, 202);
  t.deepEqual(response.json(), { userId: String(holder) });
  t.deepEqual((await eventsOf(holder)).at(-1)?.data, { reasonCode: DISOWNED, address: 'released' });
  t.like((await readPerson(holder)).state, { status: 'deactivated', holdsAddress: false });
  t.is((await post(person, operator)).statusCode, 201);
});

test('the link of a proven account does not disown it', async (t) => {
  const { register, confirm, accountToken, verify, namesOf } = createApi(t);
  const holder = await register();
  const token = await accountToken(holder);
  await confirm(holder);
  const response = await verify(token, { notMine: true });
  t.is(response.statusCode, 409);
  t.is(response.json<Problem>().code, 'address-taken');
  t.deepEqual(await namesOf(holder), ['registered', 'email-verified']);
});

test('the link of an account accepts no data of the prover', async (t) => {
  const { register, confirm, head } = createApi(t);
  const holder = await register();
  const before = await head();
  const response = await confirm(holder, {}, { displayName: 'Vera' });
  t.is(response.statusCode, 422);
  t.deepEqual(response.json<Problem>().errors, [{ pointer: '/displayName', code: 'not-taken' }]);
  t.is(await head(), before);
});

test('a new address takes effect when it is proven, and the old one stays reserved', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  await wantEmail(api, userId);
  const emailOf = async () => (await api.readPerson(userId)).person?.data?.email;
  t.is(await emailOf(), person.email);
  t.is((await api.confirm(userId, isChange)).statusCode, 202);
  t.is(await emailOf(), email);
  // Nobody else gets it: neither a vouched person nor one who proves the mailbox.
  t.is((await api.post(person, operator)).json<Problem>().code, 'address-taken');
  const proof = await api.prove(await api.attempt());
  t.is(proof.json<Problem>().code, 'address-taken');
  t.is((await api.post({ ...person, email }, operator)).statusCode, 409);
  // The person gets it back by themselves.
  await wantEmail(api, userId, person.email);
  t.is((await api.confirm(userId, { name: 'email-change-requested' })).statusCode, 202);
  t.is(await emailOf(), person.email);
});

test('a change that was made is taken back from the old mailbox, and frees the new address', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  await wantEmail(api, userId);
  const undo = await api.accountToken(userId, { name: 'email-change-requested' });
  await api.confirm(userId, isChange);
  t.is((await api.verify(undo, { notMine: true })).statusCode, 202);
  t.like((await api.readPerson(userId)).person?.data, { email: person.email });
  const before = await api.head();
  t.is((await api.verify(undo, { notMine: true })).statusCode, 202);
  t.is(await api.head(), before);
  t.is((await api.post({ ...person, email }, operator)).statusCode, 201);
});

test('no more than three former addresses are reserved, and an erasure frees all', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  const all = [person.email, 'b@example.org', 'c@example.org', 'd@example.org'];
  for (const next of all.slice(1)) {
    await wantEmail(api, userId, next);
    const link = { name: 'email-change-requested', email: next } as const;
    t.is((await api.confirm(userId, link)).statusCode, 202);
  }
  const url = `/v1/users/${userId}/email-changes`;
  const refused = await api.send({ url, body: { email: 'e@example.org' }, headers: operator });
  t.is(refused.json<Problem>().code, 'too-many-changes');
  t.is(
    (await api.send({ method: 'DELETE', url: `/v1/users/${userId}`, headers: operator }))
      .statusCode,
    202,
  );
  for (const free of all) {
    t.is((await api.post({ ...person, email: free }, operator)).statusCode, 201, free);
  }
});

test('a new address that another account has proven since is refused', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  await wantEmail(api, userId);
  await api.join(email);
  const before = await api.head();
  const response = await api.confirm(userId, isChange);
  t.is(response.statusCode, 409);
  t.is(response.json<Problem>().code, 'address-taken');
  t.is(await api.head(), before);
});

test('a new address that another account holds unproven can be taken, not confirmed', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  await wantEmail(api, userId);
  const holder = await api.register(email);
  const reported = await api.confirm(userId, isChange);
  t.is(reported.json<Problem>().code, 'address-unproven');
  const refused = await api.confirm(userId, isChange, { holder: 'confirm' });
  t.deepEqual(refused.json<Problem>().errors, [{ pointer: '/holder', code: 'not-taken' }]);
  t.is((await api.confirm(userId, isChange, { holder: 'not-mine' })).statusCode, 202);
  t.deepEqual(await api.namesOf(holder), ['registered', 'deactivated']);
  t.is((await api.readPerson(userId)).person?.data?.email, email);
});

test('a disowned change is cancelled, and its link proves nothing', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  await wantEmail(api, userId);
  t.is((await api.confirm(userId, isChange, { notMine: true })).statusCode, 202);
  t.deepEqual(await api.namesOf(userId), [
    'registered',
    'email-change-requested',
    'email-change-cancelled',
  ]);
  t.is((await api.confirm(userId, isChange)).statusCode, 422);
});

test('the present address voids the links of a pending change', async (t) => {
  const api = createApi(t);
  const userId = await api.join();
  await wantEmail(api, userId);
  const token = await api.accountToken(userId, isChange);
  const url = `/v1/users/${userId}/email-changes`;
  await api.send({ url, body: { email: person.email.toUpperCase() }, headers: operator });
  t.is((await api.verify(token)).statusCode, 422);
  t.is((await api.readPerson(userId)).person?.data?.email, person.email);
});
