import { randomUUID } from 'node:crypto';
import type { Pool } from '@zameni/runtime';
import { createTestDatabase, type TestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { FIRST_VERSION, userIdOf } from '../accounts.fixture.ts';
import { createPostgresEraserStore } from './store-postgres.ts';
import { readErasuresUnderWay } from './under-way.ts';

function createStore(pool: Pool) {
  const owner = { projection: 'eraser', version: 1, holder: randomUUID(), leaseMs: 1_000 };
  return createPostgresEraserStore(pool, owner);
}

/** The recorded steps of an erasure. */
async function readSteps({ pool }: TestDatabase, userId: string): Promise<unknown> {
  const { rows } = await pool.query(
    `select position, key_at, claims_at, log_servers_behind as behind
     from zameni.erasures where user_id = $1`,
    [userId],
  );
  return rows[0];
}

test('records an erasure step by step, and each step once', async (t) => {
  const database = await createTestDatabase(t);
  const userId = userIdOf(1);
  const store = createStore(database.pool);
  const note = async (isGone: 'nothing' | 'key' | 'all', behind: string) => {
    await store.noteErasure({ userId, position: 7, isGone, behind: [behind] });
    return readSteps(database, userId);
  };
  const nothing = { position: '7', key_at: null, claims_at: null };
  t.deepEqual(await note('nothing', 'n2'), { ...nothing, behind: ['n2'] });
  const key = (await note('key', 'n3')) as { readonly key_at: unknown };
  t.true(key.key_at instanceof Date);
  t.deepEqual(key, { ...nothing, key_at: key.key_at, behind: ['n2', 'n3'] });
  // The erasure was interrupted and is repeated.
  t.deepEqual(await note('nothing', 'n2'), key);
  t.deepEqual(await note('key', 'n3'), key);
  const all = (await note('all', 'n4')) as { readonly claims_at: unknown };
  t.true(all.claims_at instanceof Date);
  t.deepEqual(all, { ...key, claims_at: all.claims_at, behind: ['n2', 'n3', 'n4'] });
  for (const isGone of ['nothing', 'key', 'all'] as const) {
    t.deepEqual(await note(isGone, 'n1'), all);
  }
});

test('an erasure that is noted at its end first has key and claims at once', async (t) => {
  const database = await createTestDatabase(t);
  const userId = userIdOf(1);
  await createStore(database.pool).noteErasure({ userId, position: 7, isGone: 'all', behind: [] });
  const steps = await readSteps(database, userId);
  t.like(steps, { position: '7', behind: [] });
  const { key_at, claims_at } = steps as Record<string, unknown>;
  t.true(key_at instanceof Date);
  t.deepEqual(key_at, claims_at);
});

test('finds the attempts on an address before a position, and removes one of them', async (t) => {
  const database = await createTestDatabase(t);
  const { pool } = database;
  const store = createStore(pool);
  const [claim, other] = ['one', 'two'];
  const ids = Array.from({ length: 5 }, () => randomUUID());
  for (const [index, id] of ids.entries()) {
    await pool.query(
      `insert into accounts_v1.attempts (attempt_id, claim, position, expires_at, state)
       values ($1, $2, $3, now(), 'open')`,
      [id, index === 4 ? other : claim, index + 1],
    );
  }
  const { projection, version } = FIRST_VERSION;
  await pool.query(
    'update zameni.checkpoints set position = $1 where projection = $2 and version = $3',
    [2 ** 52, projection, version],
  );
  const which = { claim, before: 4 };
  const found = await store.findAttempts(which);
  t.is(found.covered, 2 ** 52);
  t.deepEqual(found.ids.toSorted(), ids.slice(0, 3).toSorted());
  t.is(await store.readCoveredPosition(), 2 ** 52);
  // On another address, after the position, and one that matches.
  for (const id of [...ids.slice(3), ...ids.slice(0, 1)]) await store.removeAttempt(id, which);
  t.deepEqual((await store.findAttempts(which)).ids.toSorted(), ids.slice(1, 3).toSorted());
  const { rows } = await pool.query(
    'select attempt_id from accounts_v1.attempts order by position',
  );
  t.deepEqual(
    rows.map((row) => row.attempt_id),
    ids.slice(1),
  );
});

test('finds void attempts until their claim is taken out', async (t) => {
  const database = await createTestDatabase(t);
  const store = createStore(database.pool);
  const ids = ['open', 'void', 'void'].map((state, n) => ({ id: randomUUID(), state, n }));
  for (const { id, state, n } of ids) {
    await database.pool.query(
      `insert into accounts_v1.attempts (attempt_id, claim, position, expires_at, state)
       values ($1, $2, 9, now(), $3)`,
      [id, n === 2 ? 'two' : 'one', state],
    );
  }
  const which = { claim: 'one', before: 4 };
  t.deepEqual((await store.findAttempts(which)).ids, [ids[1]?.id]);
  for (const { id } of ids) await store.clearClaim(id, which);
  t.deepEqual((await store.findAttempts(which)).ids, []);
  const { rows } = await database.pool.query(
    'select claim from accounts_v1.attempts where claim is not null order by claim',
  );
  t.deepEqual(rows, [{ claim: 'one' }, { claim: 'two' }]);
});

test('finds a bounded number of attempts', async (t) => {
  const { pool } = await createTestDatabase(t);
  await pool.query(
    `insert into accounts_v1.attempts (attempt_id, claim, position, expires_at, state)
     select gen_random_uuid(), 'one', n, now(), 'open' from generate_series(1, 1000) n`,
  );
  const { ids } = await createStore(pool).findAttempts({ claim: 'one', before: 2_000 });
  t.is(new Set(ids).size, 64);
});

test('a projection without a checkpoint is an error', async (t) => {
  const { pool } = await createTestDatabase(t);
  await pool.query('delete from zameni.checkpoints');
  await t.throwsAsync(createStore(pool).findAttempts({ claim: 'one', before: 1 }));
});

test('finds erasures without an end, a bounded number after a position', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createStore(pool);
  await pool.query(
    `insert into zameni.erasures (user_id, position, requested_at, read_model_at)
     select gen_random_uuid(), n, now(), now() - interval '1 minute' from generate_series(1, 70) n`,
  );
  // Done, young, and not applied yet.
  await pool.query('update zameni.erasures set claims_at = now() where position = 1');
  await pool.query('update zameni.erasures set read_model_at = now() where position = 2');
  await pool.query('update zameni.erasures set read_model_at = null where position = 3');
  const first = await store.findUnmarked(0);
  t.deepEqual(
    first.map(({ position }) => position),
    Array.from({ length: 64 }, (_, n) => n + 4),
  );
  const second = await store.findUnmarked(first.at(-1)?.position ?? 0);
  t.deepEqual(
    second.map(({ position }) => position),
    [68, 69, 70],
  );
});

test('counts erasures that a store has not done, by an index', async (t) => {
  const { pool } = await createTestDatabase(t);
  t.deepEqual(await readErasuresUnderWay(pool), { count: 0, oldestSeconds: 0 });
  await pool.query(
    `insert into zameni.erasures
       (user_id, position, requested_at, read_model_at, cache_at, key_at, claims_at, log_servers_behind)
     select ('01980000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n,
       now() - n * interval '1 minute', now(), now(), now(), case when n <> 2 then now() end,
       case when n = 3 then array['n2'] else '{}' end
     from generate_series(1, 2000) n`,
  );
  const { count, oldestSeconds } = await readErasuresUnderWay(pool);
  t.is(count, 2);
  t.true(oldestSeconds >= 180 && oldestSeconds < 240, `${oldestSeconds} s`);
  await pool.query('analyze zameni.erasures');
  const plans: string[] = [];
  await readErasuresUnderWay({
    query: async (sql: string) => {
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${sql}`);
      plans.push(...rows.map((row) => row['QUERY PLAN']));
      return { rows: [] };
    },
    // Of the pool only this call is used.
  } as unknown as Pool);
  t.regex(plans.join('\n'), /erasures_under_way/);
});
