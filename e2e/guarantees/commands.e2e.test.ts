import { createClient } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'commands');
const token = await system.token(['users:write'], 'commands');
/** A client of each process, past the gateway. */
const processes = system.stack.services
  .filter(({ service }) => service === 'command-api')
  .map(({ url }) => createClient({ baseUrl: url, fetch, token }));
test.after.always(() => actors[Symbol.asyncDispose]());
const { operator, anyone, attempt, join, register, prove, read, status } = actors;

/** The position of an accepted command. */
function positionOf(
  t: ExecutionContext,
  answer: { readonly status: number; readonly headers: object },
): string {
  t.is(answer.status, 202);
  return String(Reflect.get(answer.headers, 'Position'));
}

/** The person's view at a position. Fails the test if there is none. */
async function viewAt(id: string, position: string) {
  const answer = await read(id, position);
  if (answer.status === 200) return answer.body;
  throw new Error(`the person was answered ${answer.status}`);
}

test('a merge patch changes named fields, removes null ones, and is readable', async (t) => {
  const { id } = await register(personAt('patch@commands.example.org'));
  const body = { displayName: 'Vera Patched', profile: { city: null, floor: 3 } };
  const position = positionOf(t, await operator.updateUser({ params: { id }, body }));
  t.like(await viewAt(id, position), {
    displayName: 'Vera Patched',
    locale: 'en',
    profile: { floor: 3 },
    version: 2,
  });
});

test('a patch that changes nothing adds no version', async (t) => {
  const { id } = await register(personAt('same@commands.example.org'));
  const body = { displayName: 'Vera Actor', profile: { city: 'Niš' } };
  const position = positionOf(t, await operator.updateUser({ params: { id }, body }));
  t.is((await viewAt(id, position)).version, 1);
});

test('the second of two patches with the same tag is refused', async (t) => {
  const { id, position } = await register(personAt('tag@commands.example.org'));
  const before = await read(id, position);
  if (before.status !== 200) return t.fail();
  const headers = { 'If-Match': before.headers.ETag };
  const patch = (locale: string) =>
    operator.updateUser({ params: { id }, body: { locale }, headers });
  const answers = await Promise.all([patch('sr'), patch('de')]);
  t.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [202, 412],
  );
});

test('twenty concurrent patches of one person over both processes are all applied', async (t) => {
  const crowd = 20;
  const { id } = await register(personAt('crowd@commands.example.org'));
  t.is(processes.length, 2);
  const answers = await Promise.all(
    Array.from({ length: crowd }, (_, n) =>
      (processes[n % processes.length] ?? operator).updateUser({
        params: { id },
        body: { profile: { [`client${n % 10}`]: n } },
      }),
    ),
  );
  t.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
  const now = await operator.updateUser({ params: { id }, body: { locale: 'sr' } });
  const { profile, version } = await viewAt(id, positionOf(t, now));
  t.is(Object.keys(profile).length, 11);
  t.is(version, crowd + 2);
});

test('a person changes themself with a token of their own and nobody else', async (t) => {
  const me = await register(personAt('self-1@commands.example.org'));
  const other = await register(personAt('self-2@commands.example.org'));
  const own = createClient({
    baseUrl: system.gatewayUrl,
    fetch,
    token: await system.token([], me.id),
  });
  const body = { displayName: 'Vera Myself' };
  t.is((await own.updateUser({ params: { id: me.id }, body })).status, 202);
  t.is((await own.updateUser({ params: { id: other.id }, body })).status, 403);
  const reason = { reasonCode: 'requested' };
  t.is((await own.deactivateUser({ params: { id: me.id }, body: reason })).status, 403);
});

test('a deactivated person keeps their address, and is reactivated unchanged', async (t) => {
  const email = 'deactivated@commands.example.org';
  const { id } = await register(personAt(email));
  const params = { id };
  const body = { reasonCode: 'abuse' };
  const gone = positionOf(t, await operator.deactivateUser({ params, body }));
  t.like(await viewAt(id, gone), { status: 'deactivated', email, version: 2 });
  t.is((await operator.updateUser({ params, body: { locale: 'sr' } })).status, 409);
  const address = { email: 'other@commands.example.org' };
  t.is((await operator.changeEmail({ params, body: address })).status, 409);
  // A second time changes nothing.
  t.is(positionOf(t, await operator.deactivateUser({ params, body })), gone);
  t.is((await operator.registerPerson({ body: personAt(email) })).status, 409);
  const back = positionOf(t, await operator.reactivateUser({ params, body }));
  t.like(await viewAt(id, back), { status: 'active', email, version: 3 });
});

test('the link of an account proves its mailbox once; a second use changes nothing', async (t) => {
  const { id } = await register(personAt('proof@commands.example.org'));
  const first = await prove(id, 'registered');
  t.is(first.userId, id);
  t.like(await viewAt(id, first.position), { emailVerified: true, version: 2 });
  t.deepEqual(await prove(id, 'registered'), first);
});

test('of several attempts on an address the proven one makes the account', async (t) => {
  const body = personAt('attempts@commands.example.org');
  const [first, owner, late] = [await attempt(body), await attempt(body), await attempt(body)];
  const token = await actors.tokenFor(late.id, 'attempt');
  const { userId, position } = await prove(owner.id, 'attempt');
  t.is(userId, owner.id);
  t.like(await viewAt(owner.id, position), { email: body.email, emailVerified: true, version: 1 });
  t.is(await status(owner.id, position), 'registered');
  for (const { id } of [first, late]) {
    t.is((await read(id, position)).status, 404);
    t.is(await status(id, position), 'awaiting-proof');
  }
  t.like(await anyone.verifyEmail({ body: { token } }), { status: 409, code: 'address-taken' });
  t.like(await operator.registerPerson({ body }), { status: 409, code: 'address-taken' });
  t.is((await anyone.registerPerson({ body })).status, 202);
});

test('the prover’s data replaces the data of the attempt', async (t) => {
  const body = personAt('prover@commands.example.org');
  const { id } = await attempt(body);
  const said = {
    displayName: 'Vera Prover',
    locale: 'sr-Latn',
    termsVersion: '2026-02',
    profile: { city: 'Novi Sad' },
  };
  const token = await actors.tokenFor(id, 'attempt');
  const proven = await anyone.verifyEmail({ body: { token, ...said } });
  t.like(await viewAt(id, positionOf(t, proven)), { ...said, email: body.email });
});

test('the owner of the mailbox confirms an unproven account with its data', async (t) => {
  const body = personAt('confirmed@commands.example.org');
  const account = await register(body);
  const { id } = await attempt({ ...body, displayName: 'Vera Attempt' });
  const token = await actors.tokenFor(id, 'attempt');
  const asked = await anyone.verifyEmail({ body: { token } });
  t.like(asked, { status: 409, code: 'address-unproven' });
  const answer = await anyone.verifyEmail({ body: { token, holder: 'confirm' } });
  t.like(answer, { status: 202, body: { userId: account.id } });
  const position = positionOf(t, answer);
  t.like(await viewAt(account.id, position), { emailVerified: true, displayName: 'Vera Actor' });
  t.is((await read(id, position)).status, 404);
  t.is(await status(id, position), 'registered');
});

test('the owner of the mailbox takes the address of an unproven account', async (t) => {
  const body = personAt('disowned@commands.example.org');
  const account = await register(body);
  const { id } = await attempt(body);
  const token = await actors.tokenFor(id, 'attempt');
  const answer = await anyone.verifyEmail({ body: { token, holder: 'not-mine' } });
  t.like(answer, { status: 202, body: { userId: id } });
  const position = positionOf(t, answer);
  t.like(await viewAt(id, position), { email: body.email, emailVerified: true });
  t.like(await viewAt(account.id, position), { status: 'deactivated' });
  t.like(await operator.registerPerson({ body }), { status: 409, code: 'address-taken' });
});

test('an unproven account is disowned by its own link, a proven one never', async (t) => {
  const body = personAt('not-mine@commands.example.org');
  const { id } = await register(body);
  const token = await actors.tokenFor(id, 'registered');
  const disowned = await anyone.verifyEmail({ body: { token, notMine: true } });
  t.like(await viewAt(id, positionOf(t, disowned)), { status: 'deactivated' });
  const next = await register(body);
  const link = await actors.tokenFor(next.id, 'registered');
  const { position } = await prove(next.id, 'registered');
  const late = await anyone.verifyEmail({ body: { token: link, notMine: true } });
  t.like(late, { status: 409, code: 'address-taken' });
  t.like(await viewAt(next.id, position), { status: 'active', emailVerified: true });
});

test('a change of address takes effect by proof and reserves the old address', async (t) => {
  const [old, wanted] = ['old@commands.example.org', 'wanted@commands.example.org'];
  const { id } = await register(personAt(old));
  await prove(id, 'registered');
  const asked = await operator.changeEmail({ params: { id }, body: { email: wanted } });
  t.like(await viewAt(id, positionOf(t, asked)), { email: old, version: 3 });
  const changed = await prove(id, 'email-change-requested');
  t.like(await viewAt(id, changed.position), { email: wanted, emailVerified: true, version: 4 });
  for (const email of [old, wanted]) {
    t.is((await operator.registerPerson({ body: personAt(email) })).status, 409);
  }
  t.is((await operator.eraseUser({ params: { id } })).status, 202);
  for (const email of [old, wanted]) {
    t.is((await operator.registerPerson({ body: personAt(email) })).status, 201);
  }
});

test('a change to an address that is proven elsewhere is refused at the proof', async (t) => {
  const theirs = 'theirs@commands.example.org';
  const owner = await register(personAt(theirs));
  const other = await register(personAt('mine@commands.example.org'));
  await operator.changeEmail({ params: { id: other.id }, body: { email: theirs } });
  const token = await actors.tokenFor(other.id, 'email-change-requested');
  const { position } = await prove(owner.id, 'registered');
  const answer = await anyone.verifyEmail({ body: { token } });
  t.like(answer, { status: 409, code: 'address-taken' });
  t.like(await viewAt(other.id, position), { email: 'mine@commands.example.org' });
});

test('a change to an unproven account’s address asks what to do with the account', async (t) => {
  const theirs = 'unproven@commands.example.org';
  const holder = await register(personAt(theirs));
  const { id } = await join(personAt('wants@commands.example.org'));
  await operator.changeEmail({ params: { id }, body: { email: theirs } });
  const token = await actors.tokenFor(id, 'email-change-requested');
  const asked = await anyone.verifyEmail({ body: { token } });
  t.like(asked, { status: 409, code: 'address-unproven' });
  const changed = await anyone.verifyEmail({ body: { token, holder: 'not-mine' } });
  const position = positionOf(t, changed);
  t.like(await viewAt(id, position), { email: theirs, emailVerified: true });
  t.like(await viewAt(holder.id, position), { status: 'deactivated' });
});

test('a change to one’s present address cancels a pending change, nothing else', async (t) => {
  const email = 'present@commands.example.org';
  const { id, position } = await join(personAt(email));
  const params = { id };
  const before = await operator.changeEmail({ params, body: { email } });
  t.is(positionOf(t, before), position);
  await operator.changeEmail({ params, body: { email: 'second-thoughts@commands.example.org' } });
  const token = await actors.tokenFor(id, 'email-change-requested');
  const cancelled = positionOf(t, await operator.changeEmail({ params, body: { email } }));
  t.like(await viewAt(id, cancelled), { email, version: 3 });
  const late = await anyone.verifyEmail({ body: { token } });
  t.like(late, { status: 422, code: 'invalid-verification-token' });
});

test('with Prefer: wait every command is readable when it is answered', async (t) => {
  const headers = { Prefer: 'wait=20' };
  const body = personAt('wait@commands.example.org');
  const registered = await operator.registerPerson({ body, headers });
  if (registered.status !== 201) return t.fail();
  t.is(registered.headers['Preference-Applied'], 'wait=20');
  const params = { id: registered.body.userId };
  // Without waiting, and at its position: a replica without it is passed.
  const versionAt = async (position: string) => {
    const answer = await operator.readUser({ params, headers: { 'Min-Position': position } });
    return answer.status === 200 ? answer.body.version : answer.status;
  };
  t.is(await versionAt(registered.headers.Position), 1);
  for (let version = 2; version < 12; version += 1) {
    const patch = { profile: { version } };
    const answer = await operator.updateUser({ params, body: patch, headers });
    t.is(answer.status === 202 && answer.headers['Preference-Applied'], 'wait=20');
    t.is(await versionAt(positionOf(t, answer)), version);
  }
});

test('a command about an unknown id or a pending attempt is answered 404', async (t) => {
  const waiting = await attempt(personAt('nobody@commands.example.org'));
  const absent = '01980000-0000-7000-8000-00000000dead';
  for (const id of [waiting.id, absent]) {
    const params = { id };
    const body = { reasonCode: 'abuse' };
    const answers = [
      await operator.updateUser({ params, body: { locale: 'sr' } }),
      await operator.changeEmail({ params, body: { email: 'x@commands.example.org' } }),
      await operator.deactivateUser({ params, body }),
      await operator.reactivateUser({ params, body }),
    ];
    t.deepEqual(
      answers.map(({ status }) => status),
      [404, 404, 404, 404],
    );
  }
});
