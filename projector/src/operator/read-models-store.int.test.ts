import { READ_MODELS } from '@zameni/contracts';
import { AppError, type Pool } from '@zameni/runtime';
import { createTestDatabase, waitUntil } from '@zameni/runtime/testing';
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
  const refused = [one, other].find(({ status }) => status === 'rejected');
  t.like(refused, { reason: { code: 'rebuild-state', detail: 'A rebuild is under way' } });
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

test('a rebuild of some read models is refused if a table that is copied has other columns', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  await pool.query('alter table accounts_v1.attempts add column note text');
  const error = await t.throwsAsync(store.start(['users']), { instanceOf: AppError });
  t.is(error?.code, 'rebuild-state');
  t.regex(error?.detail ?? '', /^Other columns in attempts:/);
  t.deepEqual(await schemasIn(pool), ['accounts_v1']);
  const begun = await store.start(['attempts']);
  t.deepEqual([begun.state, begun.selected], ['building', ['attempts']]);
});

test('columns in another order are other columns, because copies go by their order', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  await pool.query(
    `alter table accounts_v1.users rename column display_name to moved;
     alter table accounts_v1.users add column display_name text;
     alter table accounts_v1.users drop column moved cascade;
     select zameni.show_read_models(1)`,
  );
  await t.throwsAsync(store.start(['attempts']), { instanceOf: AppError });
  t.is((await store.start(['users', 'registration_stats'])).state, 'building');
});

test('differences are accepted, and the version before comes back', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  const { version } = await store.start(READ_MODELS);
  const by = { reason: 'new-fold', actor: 'somebody' };
  await t.throwsAsync(store.accept(version, by), { instanceOf: AppError });
  await setState(pool, version, 'differs');
  for (const _ of ['once', 'again']) {
    t.like(await store.accept(version, by), { state: 'live', acceptedReason: 'new-fold' });
  }
  const other = store.accept(version, { ...by, reason: 'other' });
  t.is((await t.throwsAsync(other, { instanceOf: AppError }))?.code, 'rebuild-state');
  await t.throwsAsync(store.drop(version), { instanceOf: AppError });
  for (const _ of ['once', 'again']) {
    t.like(await store.switchTo(1), { version: 1, state: 'live' });
  }
  t.like(await store.drop(version), { state: 'dropped' });
  await t.throwsAsync(store.switchTo(version), { instanceOf: AppError });
  for (const change of [store.switchTo(99), store.drop(99), store.accept(99, by)]) {
    const error = await t.throwsAsync(change, { instanceOf: AppError });
    t.is(error?.code, 'not-found');
  }
});

test('what is not allowed in a state changes nothing, and what was done may be asked again', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  const { version } = await store.start(READ_MODELS);
  const by = { reason: 'new-fold', actor: 'somebody' };
  const changes = {
    accept: () => store.accept(version, by),
    switchTo: () => store.switchTo(version),
  };
  const refused = {
    building: ['accept', 'switchTo'],
    differs: ['switchTo'],
    kept: ['accept'],
    dropped: ['accept', 'switchTo'],
  } as const;
  for (const [state, names] of Object.entries(refused)) {
    await setState(pool, version, state);
    for (const name of names) {
      const error = await t.throwsAsync(changes[name], { instanceOf: AppError });
      t.like(error, { code: 'rebuild-state', detail: `Version ${version} is ${state}` });
    }
    const listed = await store.list();
    t.deepEqual([listed[0]?.state, listed[1]?.state], ['live', state]);
    t.is((await store.drop(version)).state, 'dropped', state);
  }
  const error = await t.throwsAsync(store.drop(1), { instanceOf: AppError });
  t.is(error?.code, 'rebuild-state');
});

test('a version shows what it has parked, and the table who accepted it', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createReadModelsStore(pool);
  const { version } = await store.start(READ_MODELS);
  await pool.query(
    `insert into zameni.parked
       (projection, version, subject, position, last_position, waiting, reason)
     values ('accounts', $1, 'zameni.account.a', 1, 1, 1, 'undecodable')`,
    [version],
  );
  await setState(pool, version, 'differs');
  await store.accept(version, { reason: 'new-fold', actor: 'somebody' });
  t.deepEqual(
    (await store.list()).map(({ parked }) => parked),
    [0, 1],
  );
  const { rows } = await pool.query<{ by: string | null }>(
    'select accepted_by as by from zameni.read_models order by version',
  );
  t.deepEqual(rows, [{ by: null }, { by: 'somebody' }]);
});

test('a switch is tried again until no reader is in the way', async (t) => {
  const { pool } = await createTestDatabase(t);
  let tries = 0;
  // The pool, and a count of what is asked of it.
  const counting = {
    connect: () => pool.connect(),
    query: (sql: string, values: unknown[]) => {
      if (sql.includes('switch_read_models')) tries += 1;
      return pool.query(sql, values);
    },
  } as unknown as Pool;
  const store = createReadModelsStore(counting);
  const { version } = await store.start(READ_MODELS);
  await setState(pool, version, 'differs');
  const reader = await pool.connect();
  await reader.query('begin');
  await reader.query('select from accounts.checkpoint');
  const accepted = store.accept(version, { reason: 'new-fold', actor: 'somebody' });
  await waitUntil(() => tries === 2);
  await reader.query('rollback');
  reader.release();
  t.is((await accepted).state, 'live');
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
