import type { Pool } from '@zameni/runtime';
import { createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { createAttemptStore } from './rows.ts';

/** Inserts attempts that expire after an interval. */
async function insert(pool: Pool, count: number, state: string, expires: string): Promise<void> {
  await pool.query(
    `insert into accounts_v1.attempts (attempt_id, position, expires_at, state)
     select gen_random_uuid(), 1, now() + $3::interval, $2 from generate_series(1, $1)`,
    [count, state, expires],
  );
}

test('removes attempts long after their instant, a bounded number at once', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createAttemptStore(pool, 1);
  await insert(pool, 1_500, 'open', '-2 hours -1 second');
  await insert(pool, 2, 'gone', '-3 hours');
  await insert(pool, 3, 'registered', '-1 hour -59 minutes');
  t.true(await store.removeExpired());
  t.false(await store.removeExpired());
  t.false(await store.removeExpired());
  const { rows } = await pool.query('select distinct state from accounts_v1.attempts');
  t.deepEqual(rows, [{ state: 'registered' }]);
});

test('counts the attempts that await proof, with the time of the count', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createAttemptStore(pool, 1);
  await insert(pool, 4, 'open', '1 hour');
  await insert(pool, 2, 'open', '-1 second');
  await insert(pool, 1, 'registered', '1 hour');
  await pool.query(`update zameni.room set counted_at = '-infinity'`);
  await store.countLive();
  const { rows } = await pool.query(
    `select live_attempts, counted_at > now() - interval '1 minute' as is_new from zameni.room`,
  );
  t.deepEqual(rows, [{ live_attempts: '4', is_new: true }]);
});

test('the number of attempts has one row', async (t) => {
  const { pool } = await createTestDatabase(t);
  const another = 'insert into zameni.room (live_attempts, counted_at) values (1, now())';
  await t.throwsAsync(pool.query(another), { code: '23505' });
});
