import { UserView } from '@zameni/contracts';
import type { Pool, View } from '@zameni/runtime';
import { createEmptyTestDatabase, createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { createPostgresViewStore } from './view-store-postgres.ts';

const id = '01980000-0000-7000-8000-000000000001';
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
    `insert into accounts_v1.users values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 42)`,
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
  const { position, view } = await createPostgresViewStore(pool).read('user', id);
  t.is(position, 50);
  t.is(typeof view === 'object' ? view.version : view, 3);
  const body: unknown = JSON.parse(toBody(view));
  t.deepEqual(body, user);
  t.true(Value.Check(UserView, body));
});

test('says that nobody is there, with the position up to which that holds', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  const store = createPostgresViewStore(pool);
  const other = '01980000-0000-7000-8000-000000000002';
  t.deepEqual(await store.read('user', other), { position: 50, view: 'absent' });
  t.deepEqual(await store.read('registration', id), { position: 50, view: 'absent' });
  t.is(await store.readPosition(), 50);
});

test('reads how a registration ended', async (t) => {
  const { pool } = await createTestDatabase(t);
  const others = [2, 3, 4].map((n) => `01980000-0000-7000-8000-00000000000${n}`);
  await pool.query(
    `insert into accounts_v1.registrations values ($1, 'registered', null, 3),
       ($2, 'refused', 'address-taken', 4), ($3, 'pending', null, 5), ($4, 'superseded', null, 6)`,
    [id, ...others],
  );
  const store = createPostgresViewStore(pool);
  const outcomes = await Promise.all([id, ...others].map((n) => store.read('registration', n)));
  t.deepEqual(
    outcomes.map(({ view }) => JSON.parse(toBody(view)) as unknown),
    [
      { result: 'registered', userId: id },
      { result: 'refused', reason: 'address-taken' },
      { result: 'pending' },
      { result: 'superseded' },
    ],
  );
});

test('an attempt that waits for proof is nobody yet', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  await pool.query(`update accounts_v1.users set standing = 'contested'`);
  const store = createPostgresViewStore(pool);
  t.deepEqual(await store.read('user', id), { position: 50, view: 'absent' });
});

test('a person who was erased is told apart from one who never was', async (t) => {
  const { pool } = await createTestDatabase(t);
  await insertUser(pool);
  await pool.query(
    'insert into zameni.erasures (user_id, position, requested_at) values ($1, 49, now())',
    [id],
  );
  const store = createPostgresViewStore(pool);
  t.deepEqual(await store.read('user', id), { position: 50, view: 'erased' });
});

test('fails rather than answers where the projection has no tables', async (t) => {
  const { pool } = await createEmptyTestDatabase(t);
  const store = createPostgresViewStore(pool);
  await t.throwsAsync(store.read('user', id), { code: '42P01' });
  await t.throwsAsync(store.readPosition(), { code: '42P01' });
});
