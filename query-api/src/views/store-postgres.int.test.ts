import { ACCOUNTS_PROJECTION, subjects, UserView } from '@zameni/contracts';
import type { LiveCheckpoint, Pool, View } from '@zameni/runtime';
import { createEmptyTestDatabase, createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { createPostgresViewStore } from './store-postgres.ts';

const id = '01980000-0000-7000-8000-000000000001';
/** The first version of the read models. */
const modelVersion = 1;
const user: UserView = {
  userId: id,
  email: 'Person.1@example.org',
  emailVerified: true,
  displayName: 'Љиљана {"1"}',
  locale: 'sr-Cyrl-RS',
  termsVersion: '2026-01',
  profile: { plan: "it's", seats: 3.5, news: false },
  status: 'active',
  registeredAt: '2026-03-04T05:06:07.089Z',
  version: 3,
};

function toBody(view: View): string {
  return typeof view === 'object' ? view.body : 'null';
}

async function insertUser(pool: Pool): Promise<void> {
  await pool.query(
    `insert into accounts_v1.users values ($1, $2, 'k', $3, $4, $5, $6, $7, $8, $9, $10, 42)`,
    [
      user.userId,
      user.email,
      user.emailVerified,
      user.displayName,
      user.locale,
      user.termsVersion,
      JSON.stringify(user.profile),
      user.status,
      user.registeredAt,
      user.version,
    ],
  );
  await pool.query('update zameni.checkpoints set position = 50');
}

test('reads a person with the position the answer covers', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  const { view, ...place } = await createPostgresViewStore(pool).read('user', id);
  t.deepEqual(place, { position: 50, modelVersion });
  t.is(typeof view === 'object' ? view.version : view, 3);
  const body: unknown = JSON.parse(toBody(view));
  t.deepEqual(body, user);
  t.true(Value.Check(UserView, body));
});

test('tells each checkpoint that it reads, whatever a row covers', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  await park(pool, subjects.account(id), 44);
  const told: LiveCheckpoint[] = [];
  const store = createPostgresViewStore(pool, (checkpoint) => void told.push(checkpoint));
  await store.read('user', id);
  await store.read('registration', other);
  await store.readPosition();
  const checkpoint = { version: modelVersion, position: 50 };
  t.deepEqual(told, [checkpoint, checkpoint, checkpoint]);
});

test('answers that a person is absent, with the position up to which that holds', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  const store = createPostgresViewStore(pool);
  t.deepEqual(await store.read('user', other), { position: 50, modelVersion, view: 'absent' });
  t.deepEqual(await store.read('registration', other), {
    position: 50,
    modelVersion,
    view: 'absent',
  });
  t.is(await store.readPosition(), 50);
});

type Attempt = { readonly state: string; readonly expires: string; readonly userId?: string };

/** A status by the state of the attempt and its instant relative to the clock. */
const reads = test.macro<[Attempt, View]>({
  title: (_, { state, expires }) => `reads an attempt that is ${state} and expires ${expires}`,
  exec: async (t, { state, expires, userId }, view) => {
    const { pool } = await createTestDatabase(t);
    await pool.query(
      `insert into accounts_v1.attempts (attempt_id, position, expires_at, state, user_id)
       values ($1, 3, now() + $2::interval, $3, $4)`,
      [id, expires, state, userId],
    );
    const store = createPostgresViewStore(pool);
    t.deepEqual(await store.read('registration', id), { position: 0, modelVersion, view });
    t.deepEqual(await store.read('user', id), { position: 0, modelVersion, view: 'absent' });
  },
});

const other = '01980000-0000-7000-8000-000000000002';
const status = (body: string) => ({ version: 1, body });
test(reads, { state: 'open', expires: '1 minute' }, status('awaiting-proof'));
test(reads, { state: 'open', expires: '-1 millisecond' }, 'erased');
test(reads, { state: 'registered', expires: '1 minute', userId: other }, status('registered'));
test(reads, { state: 'registered', expires: '-1 minute', userId: other }, 'erased');
test(reads, { state: 'gone', expires: '1 minute' }, 'erased');

test('a registration is registered as long as its account exists', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  const store = createPostgresViewStore(pool);
  t.deepEqual(await store.read('registration', id), {
    position: 50,
    modelVersion,
    view: status('registered'),
  });
  await pool.query(
    `insert into accounts_v1.attempts (attempt_id, position, expires_at, state, user_id)
     values ($1, 3, '-infinity', 'registered', $1)`,
    [id],
  );
  t.deepEqual(await store.read('registration', id), {
    position: 50,
    modelVersion,
    view: status('registered'),
  });
  await pool.query(
    'insert into zameni.erasures (user_id, position, requested_at) values ($1, 49, now())',
    [id],
  );
  t.deepEqual(await store.read('registration', id), { position: 50, modelVersion, view: 'erased' });
});

test('an erased person differs from an unknown one', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  await pool.query(
    'insert into zameni.erasures (user_id, position, requested_at) values ($1, 49, now())',
    [id],
  );
  const store = createPostgresViewStore(pool);
  t.deepEqual(await store.read('user', id), { position: 50, modelVersion, view: 'erased' });
});

async function park(pool: Pool, subject: string, position: number): Promise<void> {
  await pool.query(
    `insert into zameni.parked
       (projection, version, subject, position, last_position, waiting, reason)
     values ($1, $2, $3, $4, $4, 1, 'fold-failed'), ($1, $2 + 1, $3, 1, 1, 1, 'fold-failed'),
       ($1 || '-other', $2, $3, 1, 1, 1, 'fold-failed')`,
    [ACCOUNTS_PROJECTION, modelVersion, subject, position],
  );
}

test('a parked account is read as before its first waiting record, and says so', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  await park(pool, subjects.account(id), 44);
  const store = createPostgresViewStore(pool);
  const { view, ...place } = await store.read('user', id);
  t.deepEqual(place, { position: 43, modelVersion, parkedAt: 44 });
  const body: unknown = JSON.parse(toBody(view));
  t.deepEqual(body, { ...user, parked: true });
  t.true(Value.Check(UserView, body));
  const registration = await store.read('registration', id);
  t.deepEqual(registration, { ...place, view: status('registered') });
  t.deepEqual(await store.read('user', other), { position: 50, modelVersion, view: 'absent' });
  t.deepEqual(await store.read('registration', other), {
    position: 50,
    modelVersion,
    view: 'absent',
  });
});

test('a park of another version or projection does not count', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  await park(pool, subjects.account(id), 44);
  await pool.query(`delete from zameni.parked where projection = $1 and version = $2`, [
    ACCOUNTS_PROJECTION,
    modelVersion,
  ]);
  const store = createPostgresViewStore(pool);
  t.like(await store.read('user', id), { position: 50 });
  t.false('parked' in JSON.parse(toBody((await store.read('user', id)).view)));
  t.deepEqual(await store.read('registration', id), {
    position: 50,
    modelVersion,
    view: status('registered'),
  });
});

test('a parked account without a row is absent up to its park', async (t) => {
  const { pool } = await createTestDatabase(t);
  await park(pool, subjects.account(id), 1);
  const store = createPostgresViewStore(pool);
  t.deepEqual(await store.read('user', id), {
    position: 0,
    modelVersion,
    view: 'absent',
    parkedAt: 1,
  });
});

test('an attempt is parked from the first record that waits, of it or of its account', async (t) => {
  const { pool } = await createTestDatabase(t);
  await park(pool, subjects.attempt(id), 33);
  const store = createPostgresViewStore(pool);
  const read = () => store.read('registration', id);
  t.deepEqual(await read(), { position: 32, modelVersion, view: 'absent', parkedAt: 33 });
  t.deepEqual(await store.read('user', id), { position: 0, modelVersion, view: 'absent' });
  await park(pool, subjects.account(id), 31);
  t.deepEqual(await read(), { position: 30, modelVersion, view: 'absent', parkedAt: 31 });
  await pool.query(
    `insert into accounts_v1.attempts (attempt_id, position, expires_at, state)
     values ($1, 3, now() + '1 minute', 'open')`,
    [id],
  );
  t.like(await read(), { view: status('awaiting-proof'), parkedAt: 31 });
  // It may have been proven in time.
  await pool.query(`update accounts_v1.attempts set expires_at = '-infinity'`);
  t.deepEqual(await read(), { position: 30, modelVersion, view: 'absent', parkedAt: 31 });
});

test('an erasure counts for a parked account too', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  await park(pool, subjects.account(id), 44);
  await pool.query(
    'insert into zameni.erasures (user_id, position, requested_at) values ($1, 49, now())',
    [id],
  );
  const store = createPostgresViewStore(pool);
  t.deepEqual(await store.read('user', id), { position: 50, modelVersion, view: 'erased' });
  t.deepEqual(await store.read('registration', id), { position: 50, modelVersion, view: 'erased' });
});

test('rejects if the projection has no tables', async (t) => {
  const { pool } = await createEmptyTestDatabase(t);
  const store = createPostgresViewStore(pool);
  await t.throwsAsync(store.read('user', id), { code: '42P01' });
  await t.throwsAsync(store.readPosition(), { code: '42P01' });
});
