import { createClient } from '@zameni/contracts';
import test from 'ava';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const actors = await createActors(system, 'doors-deactivated');
test.after.always(() => actors[Symbol.asyncDispose]());
const { operator, read, register } = actors;

const REASON = { reasonCode: 'abuse' } as const;

/** A client with the own token of a person, which has no scope. */
const ownClient = async (id: string) =>
  createClient({ baseUrl: system.gatewayUrl, fetch, token: await system.token([], id) });

/** The code of a problem, or the status of another answer. */
const outcomeOf = ({ status, body }: { readonly status: number; readonly body?: unknown }) =>
  typeof body === 'object' && body !== null && 'code' in body ? body.code : status;

test('a deactivated person can neither read, change nor erase themselves', async (t) => {
  const email = 'out@doors.example.org';
  const { id } = await register(personAt(email));
  const params = { id };
  const own = await ownClient(id);
  t.is((await own.updateUser({ params, body: { displayName: 'Vera Before' } })).status, 202);
  const deactivated = await operator.deactivateUser({ params, body: REASON });
  if (deactivated.status !== 202) return t.fail();
  const position = deactivated.headers.Position;
  const fresh = { 'Min-Position': position, Prefer: 'wait=20' };

  for (const answer of [
    await own.readUser({ params, headers: fresh }),
    await own.updateUser({ params, body: { displayName: 'Vera After' } }),
    await own.changeEmail({ params, body: { email: 'elsewhere@doors.example.org' } }),
    await own.eraseUser({ params }),
  ]) {
    t.is(outcomeOf(answer), 'self-deactivated');
    t.is(answer.status, 403);
  }

  const seen = await read(id, position);
  t.like(seen.body, { status: 'deactivated', email, displayName: 'Vera Before' });
  t.is(outcomeOf(await operator.registerPerson({ body: personAt(email) })), 'address-taken');
  t.is((await operator.eraseUser({ params })).status, 202);
  t.is((await operator.registerPerson({ body: personAt(email) })).status, 201);
});

test('a person who is reactivated has their access back', async (t) => {
  const { id } = await register(personAt('back@doors.example.org'));
  const params = { id };
  const own = await ownClient(id);
  await operator.deactivateUser({ params, body: REASON });
  const reactivated = await operator.reactivateUser({ params, body: REASON });
  if (reactivated.status !== 202) return t.fail();
  const fresh = { 'Min-Position': reactivated.headers.Position, Prefer: 'wait=20' };
  t.is((await own.readUser({ params, headers: fresh })).status, 200);
  t.is((await own.eraseUser({ params })).status, 202);
});

test('a person whose mailbox was disowned may erase themselves until an operator deactivates them', async (t) => {
  for (const [email, isBarred] of [
    ['disowned-1@doors.example.org', false],
    ['disowned-2@doors.example.org', true],
  ] as const) {
    const { id } = await register(personAt(email));
    const params = { id };
    const own = await ownClient(id);
    const token = await actors.tokenFor(id, 'registered');
    t.is((await actors.anyone.verifyEmail({ body: { token, notMine: true } })).status, 202);
    t.is(outcomeOf(await own.updateUser({ params, body: { locale: 'sr' } })), 'self-deactivated');
    if (isBarred) t.is((await operator.deactivateUser({ params, body: REASON })).status, 202);
    t.is(outcomeOf(await own.eraseUser({ params })), isBarred ? 'self-deactivated' : 202);
  }
});
