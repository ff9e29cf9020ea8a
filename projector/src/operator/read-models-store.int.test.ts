import { READ_MODELS } from '@zameni/contracts';
import { AppError, type Pool } from '@zameni/runtime';
import { createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { createReadModelsStore } from './read-models-store.ts';

async function schemasIn(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select nspname as name from pg_namespace where nspname like 'accounts\\_v%' order by 1`,
  );
  return rows.map(({ name }) => name);
}

const setState = (pool: Pool, version: number, state: string) =>
  pool.query('update zameni.read_models set state = $2 where version = $1', [version, state]);

test('a rebuild begins with a schema, a checkpoint and a row', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  const begun = await store.start(READ_MODELS);
  t.like(begun, { version: 2, state: 'building', position: 0, carriedPosition: null, parked: 0 });
  t.deepEqual(begun.selected, [...READ_MODELS]);
  t.deepEqual(
    (await store.list()).map(({ version, state }) => [version, state]),
    [
      [1, 'live'],
      [2, 'building'],
    ],
  );
  t.deepEqual(await schemasIn(pool), ['accounts_v1', 'accounts_v2']);
});

test('one rebuild at a time, and a refused one leaves nothing', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  const [one, other] = await Promise.allSettled([store.start(READ_MODELS), store.start(['users'])]);
  t.deepEqual([one.status, other.status].toSorted(), ['fulfilled', 'rejected']);
  await t.throwsAsync(store.start(READ_MODELS), { instanceOf: AppError });
  t.is((await schemasIn(pool)).length, 2);
});

test('no number is used twice', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  const { version } = await store.start(READ_MODELS);
  await store.drop(version);
  await pool.query('select zameni.delete_read_models($1)', [version]);
  t.deepEqual(await schemasIn(pool), ['accounts_v1']);
  t.true((await store.start(READ_MODELS)).version > version);
});

test('a rebuild of some read models is refused while something is parked', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  await pool.query(
    `insert into zameni.parked
       (projection, version, subject, position, last_position, waiting, reason)
     values ('accounts', 1, 'zameni.account.a', 1, 1, 1, 'undecodable')`,
  );
  const error = await t.throwsAsync(store.start(['users']), { instanceOf: AppError });
  t.is(error?.code, 'rebuild-state');
  t.deepEqual(await schemasIn(pool), ['accounts_v1']);
  t.is((await store.start(READ_MODELS)).state, 'building');
});

test('a rebuild of some read models is refused if a table has other columns', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  await pool.query('alter table accounts_v1.attempts add column note text');
  await t.throwsAsync(store.start(['users']), { instanceOf: AppError });
  t.deepEqual(await schemasIn(pool), ['accounts_v1']);
});

test('differences are accepted, and the version before comes back', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  const { version } = await store.start(READ_MODELS);
  const by = { reason: 'new-fold', actor: 'somebody' };
  await t.throwsAsync(store.accept(version, by), { instanceOf: AppError });
  await setState(pool, version, 'differs');
  t.like(await store.accept(version, by), { state: 'live', acceptedReason: 'new-fold' });
  await t.throwsAsync(store.drop(version), { instanceOf: AppError });
  t.like(await store.switchTo(1), { version: 1, state: 'live' });
  t.like(await store.drop(version), { state: 'dropped' });
  await t.throwsAsync(store.switchTo(version), { instanceOf: AppError });
  for (const change of [store.switchTo(99), store.drop(99), store.accept(99, by)]) {
    const error = await t.throwsAsync(change, { instanceOf: AppError });
    t.is(error?.code, 'not-found');
  }
});

test('a version that is behind is not switched to', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool, { switchMs: 300 });
  const { version } = await store.start(READ_MODELS);
  await setState(pool, version, 'differs');
  const move = (of: number) =>
    pool.query(
      `update zameni.checkpoints set position = 9 where version = $1 and projection = 'accounts'`,
      [of],
    );
  await move(1);
  const by = { reason: 'new-fold', actor: 'somebody' };
  const error = await t.throwsAsync(store.accept(version, by), { instanceOf: AppError });
  t.is(error?.code, 'projection-lagging');
  await move(version);
  t.is((await store.accept(version, by)).state, 'live');
});

test('without the database the store is unavailable', async (t) => {
  const away = {
    query: async () => Promise.reject(new Error('away')),
    connect: async () => Promise.reject(new Error('away')),
  } as unknown as Pool;
  const store = createReadModelsStore(away);
  for (const asked of [store.list(), store.start(READ_MODELS), store.drop(1)]) {
    const error = await t.throwsAsync(asked, { instanceOf: AppError });
    t.is(error?.code, 'store-unavailable');
  }
});
