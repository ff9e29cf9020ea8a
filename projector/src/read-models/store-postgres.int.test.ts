import { type Pool } from '@zameni/runtime';
import { createTestDatabase, createTestPool, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import {
  FIRST_VERSION,
  claimOf,
  happenings,
  personalOf,
  projected,
  registered,
  registration,
  userIdOf,
} from '../accounts.fixture.ts';
import { attempted, closedAttempt, EXPIRES_AT, voidedAttempt } from '../attempts.fixture.ts';
import type { ProjectedEvent, ProjectedRecord } from './record.ts';
import type { ProjectionStore } from './store.ts';
import { createPostgresStore } from './store-postgres.ts';
import { toRowChanges } from './row-changes.ts';

function createStore(pool: Pool, holder: string, leaseMs = 60_000): ProjectionStore {
  return createPostgresStore(pool, { ...FIRST_VERSION, holder, leaseMs });
}

function batch(from: number, to: number, records: readonly (ProjectedEvent | ProjectedRecord)[]) {
  const toRecord = (each: ProjectedEvent | ProjectedRecord): ProjectedRecord =>
    'kind' in each ? each : { kind: 'event', event: each };
  return { from, to, changes: toRowChanges(records.map(toRecord)) };
}

async function countUsers(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    'select count(*)::integer as n from accounts_v1.users',
  );
  return rows[0]?.n ?? 0;
}

test('applies rows and checkpoint together, every field as the event has it', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createStore(pool, 'a');
  t.is(await store.takeLease(), 0);
  t.truthy(await store.apply(batch(0, 6, [registered(1, 3), registered(2, 6)])));
  t.is(await store.readPosition(), 6);
  const { rows } = await pool.query('select * from accounts_v1.users order by position');
  t.is(rows.length, 2);
  t.deepEqual(rows[0], {
    user_id: userIdOf(1),
    email: personalOf(1).email,
    email_verified: false,
    display_name: personalOf(1).displayName,
    locale: 'sr-Cyrl-RS',
    terms_version: '2026-01',
    profile: personalOf(1).profile,
    status: 'active',
    claim: claimOf(1),
    registered_at: new Date('2026-03-04T05:06:07.089Z'),
    version: 1,
    position: '3',
  });
  const owners = await pool.query('select k, user_id from accounts_v1.address_owner order by k');
  t.deepEqual(
    owners.rows,
    [1, 2].map((n) => ({ k: claimOf(n), user_id: userIdOf(n) })),
  );
});

test('keeps the newest records of attempts', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createStore(pool, 'a');
  await store.takeLease();
  const proven = attempted(2, 6, closedAttempt(4, { provenTo: userIdOf(9) }));
  t.truthy(await store.apply(batch(0, 5, [attempted(1, 3), attempted(2, 4), attempted(3, 5)])));
  t.truthy(await store.apply(batch(5, 7, [proven, attempted(3, 7, voidedAttempt(5))])));
  const rowsAre = async () => {
    const { rows } = await pool.query('select * from accounts_v1.attempts order by attempt_id');
    const row = { expires_at: new Date(EXPIRES_AT), user_id: null };
    t.deepEqual(rows, [
      { ...row, attempt_id: userIdOf(1), claim: claimOf(1), position: '3', state: 'open' },
      {
        ...row,
        attempt_id: userIdOf(2),
        claim: null,
        position: '6',
        state: 'registered',
        user_id: userIdOf(9),
      },
      { ...row, attempt_id: userIdOf(3), claim: claimOf(3), position: '7', state: 'void' },
    ]);
  };
  await rowsAre();
  // Redelivered, one by one and together.
  for (const records of [[attempted(2, 4)], [attempted(3, 5)], [attempted(3, 5), proven]]) {
    await pool.query('update zameni.checkpoints set position = 0');
    t.truthy(await store.apply(batch(0, 7, records)));
    await rowsAre();
  }
});

test('applies nothing when the checkpoint is not where the batch begins', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createStore(pool, 'a');
  await store.takeLease();
  t.truthy(await store.apply(batch(0, 3, [registered(1, 3)])));
  t.is(await store.apply(batch(0, 3, [registered(1, 3)])), undefined);
  t.is(await store.apply(batch(2, 6, [registered(2, 6)])), undefined);
  t.is(await countUsers(pool), 1);
  t.is(await store.readPosition(), 3);
});

test('two processes that both believe they are active cannot both apply', async (t) => {
  const { pool } = await createTestDatabase(t);
  const first = createStore(pool, 'a', 0);
  const second = createStore(pool, 'b');
  await first.takeLease();
  await waitUntil(async () => (await second.takeLease()) !== undefined);
  const applied = await Promise.all([
    first.apply(batch(0, 3, [registered(1, 3)])),
    second.apply(batch(0, 3, [registered(1, 3)])),
  ]);
  t.deepEqual(
    applied.map((rows) => rows?.length),
    [undefined, 1],
  );
  t.false(await first.renewLease(0));
  t.is(await countUsers(pool), 1);
});

test('of several processes that apply the same batch at once, one succeeds', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createStore(pool, 'a');
  await store.takeLease();
  const rivals = [1, 2, 3, 4].map(() => store.apply(batch(0, 3, [registered(1, 3)])));
  const applied = await Promise.all(rivals);
  t.is(applied.filter(Boolean).length, 1);
});

test('redelivered events change nothing, older ones neither', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createStore(pool, 'a');
  await store.takeLease();
  t.truthy(await store.apply(batch(0, 9, [registered(1, 9)])));
  await pool.query('update zameni.checkpoints set position = 0');
  t.truthy(await store.apply(batch(0, 9, [registered(1, 3)])));
  const { rows } = await pool.query('select position from accounts_v1.users');
  t.deepEqual(rows, [{ position: '9' }]);
});

test('the newest owner of an address wins, in whatever order events are applied', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createStore(pool, 'a');
  await store.takeLease();
  const claim = claimOf(900);
  const sameAddress = (n: number, position: number) =>
    projected(n, registration(n, { claim }), { position });
  t.truthy(await store.apply(batch(0, 9, [sameAddress(1, 6), sameAddress(2, 9)])));
  await pool.query('update zameni.checkpoints set position = 0');
  t.truthy(await store.apply(batch(0, 6, [sameAddress(1, 6)])));
  const { rows } = await pool.query('select user_id, position from accounts_v1.address_owner');
  t.deepEqual(rows, [{ user_id: userIdOf(2), position: '9' }]);
});

test('a lease is refused while it is held, and free when released', async (t) => {
  const { pool } = await createTestDatabase(t);
  const first = createStore(pool, 'a');
  const second = createStore(pool, 'b');
  t.is(await first.takeLease(), 0);
  t.is(await second.takeLease(), undefined);
  t.is(await first.takeLease(), 0);
  await second.releaseLease();
  t.true(await first.renewLease(0));
  await first.releaseLease();
  t.is(await second.takeLease(), 0);
});

test('five hundred people and attempts are one batch', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createStore(pool, 'a');
  await store.takeLease();
  const events = Array.from({ length: 500 }, (_, n) => registered(n, 3 * n + 3));
  const attempts = Array.from({ length: 500 }, (_, n) => attempted(1_000 + n, 1_501 + n));
  t.truthy(await store.apply(batch(0, 2_000, [...events, ...attempts])));
  t.is(await countUsers(pool), 500);
});

test('scans no table, not even by a plan that was made while the tables were small', async (t) => {
  const { pool: _, ...database } = await createTestDatabase(t);
  // One connection, so that the next call continues the transaction.
  const pool = createTestPool({ ...database, name: t.title });
  t.teardown(() => pool.end());
  const store = createStore(pool, 'a');
  await store.takeLease();
  const before = [registered(1, 3), registered(2, 3), attempted(4, 3), attempted(5, 3)];
  t.truthy(await store.apply(batch(0, 3, before)));
  await pool.query('analyze');
  await pool.query('begin');
  const changed = [
    registered(3, 4),
    projected(1, happenings.updated, { position: 5, version: 2 }),
    attempted(4, 5, closedAttempt(3, 'not-mine')),
    attempted(5, 6, voidedAttempt(3)),
    projected(2, happenings.erased, { position: 6, version: 2 }),
  ];
  t.is((await store.apply(batch(3, 6, changed)))?.length, 2);
  const { rows } = await pool.query(
    `select relname from pg_stat_xact_user_tables
     where schemaname in ('accounts_v1', 'zameni') and seq_scan > 0`,
  );
  await pool.query('commit');
  t.deepEqual(rows, []);
});
