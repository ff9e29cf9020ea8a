import { createClient, subjects } from '@zameni/contracts';
import { createDigests, readPepperRing } from '@zameni/runtime';
import { PATIENCE_MS } from '@zameni/runtime/testing';
import test from 'ava';
import { progressOnceDone } from '../erasure/progress.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { readClaimLayout } from '../log/claim-names.ts';
import { createActors, personAt } from '../support/actors.ts';
import { mapConcurrently } from '../support/concurrently.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'erasure-attempts');
const admin = await openAdminLog(stack, 'erasure-attempts');
const { operator, anyone, attempt, join, register, prove, tokenFor, read, status } = actors;
const digests = createDigests(readPepperRing(stack.keys.pepperFile));
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

/** Attempts on one address, and the time limit of their deletion. */
const FLOOD = 400;
const FLOOD_DEADLINE_MS = 30_000;

/** Erases a person or an attempt. Returns the position that covers it. */
async function erase(id: string): Promise<string> {
  const answer = await operator.eraseUser({ params: { id } });
  if (answer.status !== 202) throw new Error(`the erasure was answered ${answer.status}`);
  return answer.headers.Position;
}

/** A person who registered as the public. */
async function live(email: string): Promise<string> {
  return (await join(personAt(email))).id;
}

/** The last record of a subject, from the leader of the log. */
function lastOf(subject: string) {
  return admin.log.readLastFromLeader(subject, AbortSignal.timeout(PATIENCE_MS));
}

/** The last record of the claim on an address. */
async function claimOn(email: string): Promise<unknown> {
  const last = await lastOf(readClaimLayout(stack).placeOf(digests.claimOf(email)).believed);
  return last && JSON.parse(Buffer.from(last.data).toString());
}

test('an address released again at once still voids attempts before the erasure', async (t) => {
  const email = 'released-again@erasure.example.org';
  const first = await live(email);
  const attempts = [];
  for (let n = 0; n < 20; n += 1) attempts.push(await attempt(personAt(email)));
  const tokens = await Promise.all(attempts.map(({ id }) => tokenFor(id, 'attempt')));
  await erase(first);
  const second = await register(personAt(email));
  const third = await attempt(personAt(email));
  await erase(second.id);
  for (const token of [...tokens, await tokenFor(third.id, 'attempt').catch(() => '')]) {
    if (token === '') continue;
    for (const said of [{}, { holder: 'not-mine' }] as const) {
      const answer = await anyone.verifyEmail({ body: { token, ...said } });
      t.like(answer, { code: 'invalid-verification-token' });
    }
  }
  await progressOnceDone(operator, second.id);
  t.is(await claimOn(email), undefined);
  const later = await join(personAt(email));
  t.like((await read(later.id, later.position)).body, { email, emailVerified: true });
});

test('a later holder keeps the address, and the log stops showing the erasure', async (t) => {
  const email = 'held-since@erasure.example.org';
  const first = await live(email);
  for (let n = 0; n < 20; n += 1) await attempt(personAt(email));
  const answer = operator.eraseUser({ params: { id: first } });
  let second: string | undefined;
  while (second === undefined) {
    const registered = await operator.registerPerson({ body: personAt(email) });
    if (registered.status === 201) second = registered.body.userId;
  }
  t.is((await answer).status, 202);
  await progressOnceDone(operator, first);
  t.deepEqual(await claimOn(email), { state: 'held', userId: second, verified: false });
  const proven = await prove(second, 'registered');
  t.like((await read(second, proven.position)).body, { email, emailVerified: true });
});

test('a flood of attempts on one address delays no erasure, even of its owner', async (t) => {
  const email = 'flooded@erasure.example.org';
  const flooded = await live(email);
  const other = await live('not-flooded@erasure.example.org');
  await mapConcurrently(Array.from({ length: FLOOD }), 16, () => attempt(personAt(email)));
  const erased = await Promise.all([flooded, other].map(erase));
  t.is(erased.length, 2);
  const progress = await operator.readErasure({ params: { id: flooded } });
  const isLeft = progress.status === 200 && progress.body.status !== 'done';
  t.true(isLeft, 'the control: its attempts are still being deleted');
  await progressOnceDone(operator, other);
  await progressOnceDone(operator, flooded, FLOOD_DEADLINE_MS);
});

test('earlier attempts on the address go with the person, a later one stays', async (t) => {
  const email = 'before@erasure.example.org';
  const before = await attempt(personAt(email));
  const id = await live(email);
  const during = await attempt(personAt(email));
  const others = await Promise.all([before, during].map((one) => tokenFor(one.id, 'attempt')));
  const position = await erase(id);
  for (const token of others) {
    for (const said of [{}, { notMine: true }, { holder: 'not-mine' }] as const) {
      const answer = await anyone.verifyEmail({ body: { token, ...said } });
      t.like(answer, { code: 'invalid-verification-token' });
    }
  }
  await progressOnceDone(operator, id);
  for (const one of [before, during]) {
    // A stranger with a pending attempt sees nothing of the erasure.
    t.is(await status(one.id, position), 'awaiting-proof');
    t.is((await read(one.id, position)).status, 404);
    t.is(await status(one.id, await erase(one.id)), undefined);
  }
  const after = await attempt(personAt(email));
  t.is(await status(after.id, after.position), 'awaiting-proof');
  const proven = await prove(after.id, 'attempt');
  t.like((await read(after.id, proven.position)).body, { email, emailVerified: true });
});

test('an address that was changed keeps its attempts when the person is erased', async (t) => {
  const email = 'moved@erasure.example.org';
  const id = await live('moved-from@erasure.example.org');
  const other = await attempt(personAt('moved-from@erasure.example.org'));
  await operator.changeEmail({ params: { id }, body: { email } });
  await prove(id, 'email-change-requested');
  const position = await erase(id);
  // Nobody held the address any more, so the attempt concerns another person.
  t.is(await status(other.id, position), 'awaiting-proof');
  t.is((await prove(other.id, 'attempt')).userId, other.id);
});

test('an attempt is erased by its id; the holder and other attempts stay', async (t) => {
  const email = 'waiting@erasure.example.org';
  const holder = await register(personAt(email));
  const [waiting, other] = [await attempt(personAt(email)), await attempt(personAt(email))];
  const token = await tokenFor(waiting.id, 'attempt');
  const open = await admin.log.readFirst(
    subjects.attempt(waiting.id),
    AbortSignal.timeout(PATIENCE_MS),
  );
  const position = await erase(waiting.id);
  t.is(await erase(waiting.id), position);
  t.is(await status(waiting.id, position), undefined);
  t.is((await read(waiting.id, position)).status, 404);
  t.like(await anyone.verifyEmail({ body: { token } }), { code: 'invalid-verification-token' });
  const first = await admin.log.readFirst(
    subjects.attempt(waiting.id),
    AbortSignal.timeout(PATIENCE_MS),
  );
  t.true(
    (first?.position ?? 0) > (open?.position ?? 0),
    'the data of the attempt is gone from the log',
  );
  t.is(await status(other.id, position), 'awaiting-proof');
  const proven = await prove(holder.id, 'registered');
  t.like((await read(holder.id, proven.position)).body, { email, emailVerified: true });
});

test('an attempt is erased only with the scope', async (t) => {
  const { id, position } = await attempt(personAt('scope@erasure.example.org'));
  const token = await system.token(['users:admin', 'users:write']);
  const other = createClient({ baseUrl: system.gatewayUrl, fetch, token });
  t.is((await other.eraseUser({ params: { id } })).status, 403);
  t.is((await anyone.eraseUser({ params: { id } })).status, 401);
  t.is(await status(id, position), 'awaiting-proof');
});

test('a disowned account is erased too, and the address stays with its owner', async (t) => {
  const email = 'lost@erasure.example.org';
  const loser = await register(personAt(email));
  const winner = await attempt(personAt(email));
  const old = await tokenFor(loser.id, 'registered');
  const body = { token: await tokenFor(winner.id, 'attempt'), holder: 'not-mine' } as const;
  t.is((await anyone.verifyEmail({ body })).status, 202);
  const answer = await anyone.verifyEmail({ body: { token: old } });
  t.like(answer, { code: 'invalid-verification-token' });
  const position = await erase(loser.id);
  t.is((await read(loser.id, position)).status, 410);
  t.is(await lastOf(subjects.key(loser.id)), undefined);
  t.like((await read(winner.id, position)).body, { email, emailVerified: true });
});
