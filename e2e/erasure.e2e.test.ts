import {
  type Client,
  createClient,
  ERASURE_STORES,
  type ErasureView,
  subjects,
} from '@zameni/contracts';
import {
  createDigests,
  createPool,
  createPositions,
  type Pool,
  readKeyRing,
  readSecret,
} from '@zameni/runtime';
import { createSilentLogger, createTestRedis, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createActors, personAt } from './actors.ts';
import { openAdminLog } from './admin-log.ts';
import { readClaimLayout } from './claim-names.ts';
import { attachSystem } from './system.ts';

const system = await attachSystem();
const { stack } = system;
const actors = await createActors(system, 'erasure');
const admin = await openAdminLog(stack, 'erasure');
const { operator, anyone, register, prove, read, outcome } = actors;
const positions = createPositions(readKeyRing(stack.keys.positionKeyFile));
const digests = createDigests(readKeyRing(stack.keys.pepperFile));
test.after.always(async () => {
  await actors[Symbol.asyncDispose]();
  await admin[Symbol.asyncDispose]();
});

const READ_DEADLINE_MS = 10_000;
const REPLICA_DEADLINE_MS = 10_000;

/** What must not be found of the person anywhere once she is erased. */
const NAME = 'Vera Forgotten-Actor';
const CITY = 'Forgottenville';

/** Registers a person, proves her mailbox, has her read by everybody, and changes what can be changed. */
async function live(email: string): Promise<string> {
  const body = { ...personAt(email), displayName: NAME, profile: { city: CITY } };
  const { id } = await register(body);
  await prove(id, 'registered');
  const answer = await operator.updateUser({ params: { id }, body: { locale: 'sr' } });
  if (answer.status !== 202) throw new Error(`the change was answered ${answer.status}`);
  for (const reader of await readers()) {
    const headers = { 'Min-Position': answer.headers.Position, Prefer: 'wait=20' };
    const seen = await reader.readUser({ params: { id }, headers });
    if (seen.status !== 200) throw new Error(`the person was answered ${seen.status}`);
  }
  return id;
}

/** A client of each query API process itself. */
async function readers() {
  const token = await system.token(['users:read', 'users:erase']);
  return stack.services
    .filter(({ service }) => service === 'query-api')
    .map(({ url }) => createClient({ baseUrl: url, fetch, token }));
}

/** Erases a person; answers the position that covers it. */
async function erase(id: string): Promise<string> {
  const answer = await operator.eraseUser({ params: { id } });
  if (answer.status !== 202) throw new Error(`the erasure was answered ${answer.status}`);
  return answer.headers.Position;
}

/** The progress once it is done: the answer to the erasure does not wait for the replica. */
async function progressOnceDone(reader: Client, id: string): Promise<ErasureView> {
  let progress: ErasureView | undefined;
  await waitUntil(async () => {
    const answer = await reader.readErasure({ params: { id } });
    if (answer.status !== 200) throw new Error(`the progress was answered ${answer.status}`);
    progress = answer.body;
    return progress.status === 'done';
  }, REPLICA_DEADLINE_MS);
  if (progress === undefined) throw new Error('there is no progress');
  return progress;
}

function connect(t: ExecutionContext, { host, port }: { host: string; port: number }): Pool {
  const { user, passwordFile } = stack.postgres.superuser;
  const pool = createPool({
    url: `postgres://${user}@${host}:${port}/${stack.postgres.database}`,
    password: readSecret(passwordFile),
    max: 1,
    name: 'erasure',
    logger: createSilentLogger(),
  });
  t.teardown(() => pool.end());
  return pool;
}

test('when it is answered, every process answers 410 and the progress is done in every store', async (t) => {
  const id = await live('gone@erasure.example.org');
  const position = await erase(id);
  const all = await readers();
  t.is(all.length, 2);
  for (const reader of all) {
    // Nothing is asked to be fresh: no process yields her any more.
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
  t.deepEqual(await outcome(id, position), { result: 'registered', userId: id });
});

test('a tag of before the erasure keeps no copy alive', async (t) => {
  const id = await live('tag@erasure.example.org');
  const before = await operator.readUser({ params: { id } });
  if (before.status !== 200) return t.fail();
  await erase(id);
  const headers = { 'If-None-Match': before.headers.ETag };
  t.is((await operator.readUser({ params: { id }, headers })).status, 410);
});

test('both databases hold no row of her at the position, and nothing she wrote', async (t) => {
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
        `select position from zameni.checkpoints where projection = 'accounts'`,
      );
      return Number(rows[0]?.position) >= position;
    }, REPLICA_DEADLINE_MS);
    const { rows } = await pool.query<{ users: number; owners: number; texts: number }>(
      `select
         (select count(*)::int from accounts_v1.users where user_id = $1) as users,
         (select count(*)::int from accounts_v1.address_owner where user_id = $1) as owners,
         (select count(*)::int from accounts_v1.users u where u::text like $2) as texts`,
      [id, `%${email}%`],
    );
    t.deepEqual(rows[0], { users: 0, owners: 0, texts: 0 }, name);
  }
});

test('the cache remembers that she was erased, and nothing else of her', async (t) => {
  const id = await live('cache@erasure.example.org');
  const { redis } = await createTestRedis(t);
  const entries = async () => {
    const keys = await redis.keys(`zameni:*${id}*`);
    return JSON.stringify(await Promise.all(keys.map((key) => redis.hgetall(key))));
  };
  t.true((await entries()).includes(NAME), 'the control');
  await erase(id);
  const left = await entries();
  for (const text of ['cache@erasure.example.org', NAME, CITY]) t.false(left.includes(text));
  t.regex(left, /"b":"erased"/);
});

test('her key and her claim are gone from the log, and her events stay', async (t) => {
  const email = 'log@erasure.example.org';
  const id = await live(email);
  const signal = AbortSignal.timeout(READ_DEADLINE_MS);
  const claim = readClaimLayout(stack).placeOf(digests.claimOf(email)).believed;
  const last = (subject: string) => admin.log.readLastFromLeader(subject, signal);
  t.truthy(await last(subjects.key(id)), 'the control');
  t.truthy(await last(claim), 'the control');
  await erase(id);
  t.is(await last(subjects.key(id)), undefined);
  t.is(await last(claim), undefined);
  t.truthy(await last(subjects.account(id)));
});

test('the address is free: somebody else registers and proves it as her own', async (t) => {
  const email = 'free@erasure.example.org';
  const id = await live(email);
  await erase(id);
  const next = await register(personAt(email));
  t.is(next.status, 201);
  t.not(next.id, id);
  const position = await prove(next.id, 'registered');
  t.like((await read(next.id, position)).body, { email, emailVerified: true });
  t.is((await read(id, position)).status, 410);
});

test('a person erases herself with a token of her own, and reads the progress with it', async (t) => {
  const me = await live('self@erasure.example.org');
  const her = await live('stranger@erasure.example.org');
  const own = createClient({
    baseUrl: system.gatewayUrl,
    fetch,
    token: await system.token([], me),
  });
  t.is((await own.eraseUser({ params: { id: her } })).status, 403);
  t.is((await own.eraseUser({ params: { id: me } })).status, 202);
  t.is((await progressOnceDone(own, me)).userId, me);
  t.is((await own.readErasure({ params: { id: her } })).status, 403);
  t.is((await operator.readUser({ params: { id: her } })).status, 200);
});

test('a second erasure gives the same answer, and nothing brings her back', async (t) => {
  const email = 'again@erasure.example.org';
  const id = await live(email);
  await operator.changeEmail({ params: { id }, body: { email: 'later@erasure.example.org' } });
  const token = await actors.tokenFor(id, 'email-change-requested');
  const position = await erase(id);
  t.is(await erase(id), position);
  const params = { id };
  const body = { reasonCode: 'requested' };
  t.is((await operator.updateUser({ params, body: { locale: 'en' } })).status, 410);
  t.is((await operator.reactivateUser({ params, body })).status, 410);
  t.is((await anyone.verifyEmail({ body: { token } })).status, 202);
  t.is((await anyone.resendVerification({ body: { email } })).status, 202);
  t.is((await read(id, position)).status, 410);
  t.is((await register(personAt('later@erasure.example.org'))).status, 201);
});

test('an attempt that waits for proof can be erased; who holds the address stays', async (t) => {
  const email = 'waiting@erasure.example.org';
  const holder = await register(personAt(email));
  const waiting = await register(personAt(email));
  const position = await erase(waiting.id);
  t.is((await read(waiting.id, position)).status, 410);
  const proven = await prove(holder.id, 'registered');
  t.like((await read(holder.id, proven)).body, { email, emailVerified: true });
});

test('the key of who lost an address is gone, her link proves nothing, and she can be erased', async (t) => {
  const email = 'lost@erasure.example.org';
  const loser = await register(personAt(email));
  const winner = await register(personAt(email));
  const token = await actors.tokenFor(loser.id, 'registered');
  const position = await prove(winner.id, 'registered');
  t.deepEqual(await outcome(loser.id, position), { result: 'superseded' });
  const key = subjects.key(loser.id);
  await waitUntil(async () => !(await admin.log.hasRecord(key, AbortSignal.timeout(5_000))));
  t.is((await read(loser.id, position)).status, 404);
  t.is((await anyone.verifyEmail({ body: { token } })).status, 202);
  const erased = await erase(loser.id);
  t.is((await read(loser.id, erased)).status, 410);
  t.like((await read(winner.id, erased)).body, { email, emailVerified: true });
});

test('of who is not there nothing is erased', async (t) => {
  const id = '01980000-0000-7000-8000-00000000dead';
  t.is((await operator.eraseUser({ params: { id } })).status, 404);
  t.is((await operator.readErasure({ params: { id } })).status, 404);
});
