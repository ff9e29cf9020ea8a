import { createClient, ERASURE_STORES, Farewell, subjects, VoidAttempt } from '@zameni/contracts';
import {
  createDigests,
  createPositions,
  type Pool,
  readKeyRing,
  readPepperRing,
} from '@zameni/runtime';
import {
  connectTestRedis,
  openSuperuserPool,
  PATIENCE_MS,
  waitUntil,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { Value } from 'typebox/value';
import { progressOnceDone } from '../erasure/progress.ts';
import { openAdminLog } from '../log/admin-log.ts';
import { readClaimLayout } from '../log/claim-names.ts';
import { createLogOpener } from '../log/stores.ts';
import { createActors, personAt } from '../support/actors.ts';
import { attachSystem } from '../support/system.ts';

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'erasure');
const admin = await openAdminLog(stack, 'erasure');
const { operator, anyone, attempt, join, register, tokenFor, read, status } = actors;
const positions = createPositions(readKeyRing(stack.keys.positionKeyFile));
const digests = createDigests(readPepperRing(stack.keys.pepperFile));
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

/** Texts of the person that must not be found anywhere after the erasure. */
const NAME = 'Vera Forgotten-Actor';
const CITY = 'Forgottenville';

/** A person who proves their mailbox, is read everywhere, and changes all that can be changed. */
async function live(email: string): Promise<string> {
  const body = { ...personAt(email), displayName: NAME, profile: { city: CITY } };
  const { id } = await join(body);
  const answer = await operator.updateUser({ params: { id }, body: { locale: 'sr' } });
  if (answer.status !== 202) throw new Error(`the change was answered ${answer.status}`);
  for (const reader of await readers()) {
    const headers = { 'Min-Position': answer.headers.Position, Prefer: 'wait=20' };
    const seen = await reader.readUser({ params: { id }, headers });
    if (seen.status !== 200) throw new Error(`the person was answered ${seen.status}`);
  }
  return id;
}

/** The text of the first record of a subject, from the leader of the log. */
async function firstOf(subject: string): Promise<string> {
  const record = await admin.log.readFirst(subject, AbortSignal.timeout(PATIENCE_MS));
  return Buffer.from(record?.data ?? []).toString();
}

/** The last record of a subject, from the leader of the log. */
function lastOf(subject: string): Promise<unknown> {
  return admin.log.readLastFromLeader(subject, AbortSignal.timeout(PATIENCE_MS));
}

/** A client of each query API process. */
async function readers() {
  const token = await system.token(['users:read', 'users:erase']);
  return stack.services
    .filter(({ service }) => service === 'query-api')
    .map(({ url }) => createClient({ baseUrl: url, fetch, token }));
}

/** Erases a person. Returns the position that covers it. */
async function erase(id: string): Promise<string> {
  const answer = await operator.eraseUser({ params: { id } });
  if (answer.status !== 202) throw new Error(`the erasure was answered ${answer.status}`);
  return answer.headers.Position;
}

function connect(t: ExecutionContext, server: { host: string; port: number }): Pool {
  const pool = openSuperuserPool(stack, { name: 'erasure', server });
  t.teardown(() => pool.end());
  return pool;
}

test('an answered erasure is done in every store, and every process answers 410', async (t) => {
  const id = await live('gone@erasure.example.org');
  const position = await erase(id);
  const all = await readers();
  t.is(all.length, 2);
  for (const reader of all) {
    // No minimum position is requested: no process returns them any more.
    t.is((await reader.readUser({ params: { id } })).status, 410);
    const headers = { 'Min-Position': position, Prefer: 'wait=20' };
    t.is((await reader.readUser({ params: { id }, headers })).status, 410);
    const { stores } = await progressOnceDone(reader, id);
    t.deepEqual(
      stores.map(({ store }) => store),
      [...ERASURE_STORES],
    );
    for (const { erasedAt } of stores) t.is(typeof erasedAt, 'string');
  }
  t.is(await status(id, position), undefined);
});

test('a tag from before the erasure keeps no copy alive', async (t) => {
  const id = await live('tag@erasure.example.org');
  const before = await operator.readUser({ params: { id } });
  if (before.status !== 200) return t.fail();
  await erase(id);
  const headers = { 'If-None-Match': before.headers.ETag };
  t.is((await operator.readUser({ params: { id }, headers })).status, 410);
});

test('both databases hold no row of the person, and nothing they wrote', async (t) => {
  const email = 'rows@erasure.example.org';
  const id = await live(email);
  const position = positions.open(await erase(id)) ?? 0;
  for (const [name, place] of [
    ['primary', stack.postgres.primary],
    ['replica', stack.postgres.replica],
  ] as const) {
    const pool = connect(t, place);
    await waitUntil(async () => {
      const { rows } = await pool.query<{ position: string }>(
        'select position from accounts.checkpoint',
      );
      return Number(rows[0]?.position) >= position;
    });
    const { rows } = await pool.query<Record<string, number>>(
      `select
         (select count(*)::int from accounts.users where user_id = $1) as users,
         (select count(*)::int from accounts.address_owner where user_id = $1) as owners,
         (select count(*)::int from accounts.attempts where user_id = $1) as attempts,
         (select count(*)::int from accounts.attempts where claim = $3) as digests,
         (select count(*)::int from accounts.users u where u::text like $2) as texts
       from accounts.checkpoint`,
      [id, `%${email}%`, digests.claimOf(email)],
    );
    t.deepEqual(rows[0], { users: 0, owners: 0, attempts: 0, digests: 0, texts: 0 }, name);
  }
});

test('the cache holds the tombstone of the person, and nothing else', async (t) => {
  const id = await live('cache@erasure.example.org');
  const redis = await connectTestRedis(t, 'tester');
  const entries = async () => {
    const keys = await redis.keys(`zameni:*${id}*`);
    const all = keys.map((key) => redis.hgetall(key));
    return JSON.stringify(await Promise.all(all));
  };
  t.true((await entries()).includes(NAME), 'the control');
  await erase(id);
  const left = await entries();
  for (const text of ['cache@erasure.example.org', NAME, CITY]) t.false(left.includes(text));
  t.regex(left, /"b":"erased"/);
});

test('key, claim and attempt are gone from the log, and the events stay', async (t) => {
  const email = 'log@erasure.example.org';
  const id = await live(email);
  const other = await attempt(personAt(email));
  const claim = readClaimLayout(stack).placeOf(digests.claimOf(email)).believed;
  t.truthy(await lastOf(subjects.key(id)), 'the control');
  t.truthy(await lastOf(claim), 'the control');
  t.truthy(await lastOf(subjects.attempt(other.id)), 'the control');
  await erase(id);
  t.is(await lastOf(subjects.key(id)), undefined);
  await progressOnceDone(operator, id);
  t.is(await lastOf(claim), undefined);
  const left = await firstOf(subjects.attempt(other.id));
  const { state, attempt: of, ...rest } = Value.Parse(VoidAttempt, JSON.parse(left));
  t.is(state, 'void');
  t.is(of, positions.open(other.position) ?? 0);
  t.deepEqual(Object.keys(rest).toSorted(), ['expiresAt', 'key', 'retry']);
  t.truthy(await lastOf(subjects.account(id)));
});

test('a person who proved their mailbox leaves the address, sealed; nobody else does', async (t) => {
  const email = 'farewell@erasure.example.org';
  const id = await live(email);
  const unproven = await register(personAt('unproven@erasure.example.org'));
  await erase(id);
  await erase(unproven.id);
  t.is(await lastOf(subjects.farewell(unproven.id)), undefined);
  const text = await firstOf(subjects.farewell(id));
  for (const secret of [email, 'farewell', NAME, digests.claimOf(email)]) {
    t.false(text.includes(secret), secret);
  }
  const farewell = Value.Parse(Farewell, JSON.parse(text));
  t.is(farewell.locale, 'sr');
  t.is(createLogOpener(stack).attemptKeys.openFarewell(id, farewell), email);
  const before = await lastOf(subjects.farewell(id));
  await erase(id);
  t.deepEqual(await lastOf(subjects.farewell(id)), before);
});

test('the erasure is confirmed by mail, and then no mail knows the mailbox', async (t) => {
  const email = 'confirmed@erasure.example.org';
  const id = await live(email);
  const other = await attempt(personAt(email));
  const pool = connect(t, stack.postgres.primary);
  const read = async (asked: string) => {
    const about = [id, other.id, digests.claimOf(email)];
    const { rows } = await pool.query<{ is: boolean }>(
      `select coalesce(bool_or(${asked}), false) as is from mailer.messages
       where user_id = $1 or attempt_id in ($1, $2) or mailbox = $3`,
      about,
    );
    return rows[0]?.is;
  };
  await waitUntil(async () => (await read('mailbox is not null')) === true);
  await erase(id);
  await waitUntil(async () => (await read(`kind = 'erased' and state = 'sent'`)) === true);
  await progressOnceDone(operator, id);
  await waitUntil(async () => (await read('mailbox is not null')) === false);
  t.pass();
});

test('the address is free: another person registers and proves it as their own', async (t) => {
  const email = 'free@erasure.example.org';
  const id = await live(email);
  await erase(id);
  const next = await join(personAt(email));
  t.not(next.id, id);
  t.like((await read(next.id, next.position)).body, { email, emailVerified: true });
  t.is((await read(id, next.position)).status, 410);
});

test('people erase themselves with their own token, and read the progress with it', async (t) => {
  const me = await live('self@erasure.example.org');
  const other = await live('stranger@erasure.example.org');
  const own = createClient({
    baseUrl: system.gatewayUrl,
    fetch,
    token: await system.token([], me),
  });
  t.is((await own.eraseUser({ params: { id: other } })).status, 403);
  t.is((await own.eraseUser({ params: { id: me } })).status, 202);
  t.is((await progressOnceDone(own, me)).userId, me);
  t.is((await own.readErasure({ params: { id: other } })).status, 403);
  t.is((await operator.readUser({ params: { id: other } })).status, 200);
});

test('a second erasure gets the same answer, and nothing brings the person back', async (t) => {
  const email = 'again@erasure.example.org';
  const id = await live(email);
  await operator.changeEmail({ params: { id }, body: { email: 'later@erasure.example.org' } });
  const token = await tokenFor(id, 'email-change-requested');
  const position = await erase(id);
  t.is(await erase(id), position);
  const params = { id };
  const body = { reasonCode: 'requested' };
  t.is((await operator.updateUser({ params, body: { locale: 'en' } })).status, 410);
  t.is((await operator.reactivateUser({ params, body })).status, 410);
  t.like(await anyone.verifyEmail({ body: { token } }), { code: 'invalid-verification-token' });
  t.is((await anyone.resendVerification({ body: { email } })).status, 202);
  t.is((await read(id, position)).status, 410);
  // Throws if the address is taken.
  await register(personAt('later@erasure.example.org'));
});

test('the progress of an erasure can be read, and an attempt has none', async (t) => {
  const { id } = await attempt(personAt('progress@erasure.example.org'));
  await erase(id);
  t.is((await operator.readErasure({ params: { id } })).status, 404);
});

test('the erasure of an unknown person erases nothing', async (t) => {
  const id = '01980000-0000-7000-8000-00000000dead';
  t.is((await operator.eraseUser({ params: { id } })).status, 404);
  t.is((await operator.readErasure({ params: { id } })).status, 404);
});
