import { createClient } from '@zameni/contracts';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from './actors.ts';
import { attachSystem } from './system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'commands');
const token = await system.token(['users:write'], 'commands');
/** A client of each process itself, past the gateway. */
const processes = system.stack.services
  .filter(({ service }) => service === 'command-api')
  .map(({ url }) => createClient({ baseUrl: url, fetch, token }));
test.after.always(() => actors[Symbol.asyncDispose]());
const { operator, anyone, register, prove, read, outcome } = actors;

/** The position of an accepted command. */
function positionOf(
  t: ExecutionContext,
  answer: { readonly status: number; readonly headers: object },
): string {
  t.is(answer.status, 202);
  return String(Reflect.get(answer.headers, 'Position'));
}

/** The person's view at a position; fails the test when there is none. */
async function viewAt(id: string, position: string) {
  const answer = await read(id, position);
  if (answer.status === 200) return answer.body;
  throw new Error(`the person was answered ${answer.status}`);
}

test('a merge patch changes what it names, takes out what is null, and is read at its position', async (t) => {
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

test('of two patches with the tag of one read the second is refused', async (t) => {
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

test('of twenty patches of one person at once over both processes every one is taken', async (t) => {
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

test('a person changes herself with a token of her own and nobody else', async (t) => {
  const me = await register(personAt('self-1@commands.example.org'));
  const her = await register(personAt('self-2@commands.example.org'));
  const own = createClient({
    baseUrl: system.gatewayUrl,
    fetch,
    token: await system.token([], me.id),
  });
  const body = { displayName: 'Vera Herself' };
  t.is((await own.updateUser({ params: { id: me.id }, body })).status, 202);
  t.is((await own.updateUser({ params: { id: her.id }, body })).status, 403);
  const reason = { reasonCode: 'requested' };
  t.is((await own.deactivateUser({ params: { id: me.id }, body: reason })).status, 403);
});

test('a deactivated person keeps her address, cannot be changed, and comes back as she was', async (t) => {
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
  t.is((await register(personAt(email))).status, 202);
  const back = positionOf(t, await operator.reactivateUser({ params, body }));
  t.like(await viewAt(id, back), { status: 'active', email, version: 3 });
});

test('the link proves the mailbox once; a second use changes nothing', async (t) => {
  const { id } = await register(personAt('proof@commands.example.org'));
  const first = await prove(id, 'registered');
  t.like(await viewAt(id, first), { emailVerified: true, version: 2 });
  t.is(await prove(id, 'registered'), first);
});

test('an address of one’s own is taken over by whoever proves the mailbox first', async (t) => {
  const email = 'contested@commands.example.org';
  const holder = await register(personAt(email));
  const rivals = [await register(personAt(email)), await register(personAt(email))];
  t.is(holder.status, 201);
  const [owner, loser] = rivals;
  if (owner === undefined || loser === undefined) return t.fail();
  t.deepEqual([owner.status, loser.status], [202, 202]);
  t.deepEqual(await outcome(owner.id, owner.position), { result: 'pending' });
  t.is((await read(owner.id, owner.position)).status, 404);

  // In her mailbox already: once she has lost the address, her key goes, and no link can be made.
  const token = await actors.tokenFor(loser.id, 'registered');
  const position = await prove(owner.id, 'registered');
  t.like(await viewAt(owner.id, position), { email, emailVerified: true });
  t.deepEqual(await outcome(owner.id, position), { result: 'registered', userId: owner.id });
  for (const { id } of [holder, loser]) {
    t.is((await read(id, position)).status, 404);
    t.deepEqual(await outcome(id, position), { result: 'superseded' });
  }
  // The link that came too late is taken and changes nothing.
  t.is((await anyone.verifyEmail({ body: { token } })).status, 202);
  t.deepEqual(await outcome(loser.id, position), { result: 'superseded' });
  const body = personAt(email);
  t.is((await operator.registerPerson({ body })).status, 409);
  t.is((await anyone.registerPerson({ body })).status, 202);
});

test('a change of address takes effect by proof and frees the old address', async (t) => {
  const [old, wanted] = ['old@commands.example.org', 'wanted@commands.example.org'];
  const { id } = await register(personAt(old));
  await prove(id, 'registered');
  const asked = await operator.changeEmail({ params: { id }, body: { email: wanted } });
  t.like(await viewAt(id, positionOf(t, asked)), { email: old, version: 3 });
  const changed = await prove(id, 'email-change-requested');
  t.like(await viewAt(id, changed), { email: wanted, emailVerified: true, version: 4 });
  t.is((await register(personAt(old))).status, 201);
  t.is((await operator.registerPerson({ body: personAt(wanted) })).status, 409);
});

test('a change to an address that somebody has proven is refused at the proof', async (t) => {
  const theirs = 'theirs@commands.example.org';
  const owner = await register(personAt(theirs));
  const other = await register(personAt('mine@commands.example.org'));
  await operator.changeEmail({ params: { id: other.id }, body: { email: theirs } });
  const token = await actors.tokenFor(other.id, 'email-change-requested');
  const proven = await prove(owner.id, 'registered');
  const answer = await anyone.verifyEmail({ body: { token } });
  t.is(answer.status, 409);
  t.like(await viewAt(other.id, proven), { email: 'mine@commands.example.org' });
});

test('with Prefer: wait every command is readable when it is answered', async (t) => {
  const headers = { Prefer: 'wait=20' };
  const body = personAt('wait@commands.example.org');
  const registered = await operator.registerPerson({ body, headers });
  if (registered.status !== 201) return t.fail();
  t.is(registered.headers['Preference-Applied'], 'wait=20');
  const params = { id: registered.body.userId };
  const now = async () => {
    const answer = await operator.readUser({ params });
    return answer.status === 200 ? answer.body.version : answer.status;
  };
  t.is(await now(), 1);
  for (let version = 2; version < 12; version += 1) {
    const patch = { profile: { version } };
    const answer = await operator.updateUser({ params, body: patch, headers });
    t.is(answer.status === 202 && answer.headers['Preference-Applied'], 'wait=20');
    t.is(await now(), version);
  }
});

test('what is asked of nobody is answered 404, of an attempt that waits too', async (t) => {
  const email = 'nobody@commands.example.org';
  await register(personAt(email));
  const waiting = await register(personAt(email));
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
