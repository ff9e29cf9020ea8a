import { ErasureView } from '@zameni/contracts';
import { createEmptyTestDatabase, createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { createErasureReader } from './erasure-store.ts';

const id = '01980000-0000-7000-8000-000000000001';
const insert = `insert into zameni.erasures
  (user_id, position, requested_at, requested_by, read_model_at, cache_at)
  values ($1, 49, '2026-03-04T05:06:07.089Z', 'app-1', '2026-03-04T05:06:08Z', null)`;
const passed = `update zameni.checkpoints set position = 50 where projection = 'accounts'`;
const gone = `update zameni.erasures set cache_at = now(), key_at = now(), claims_at = now()`;
const rebuilt = `insert into zameni.checkpoints (projection, version, position)
  values ('accounts', 2, 48)`;

/** The stores that are not done, and which of them are unavailable. */
function left(view: ErasureView | undefined): (string | undefined)[][] | undefined {
  return view?.stores
    .filter(({ erasedAt }) => erasedAt === null)
    .map(({ store, away = [] }) => [store, ...away]);
}

test('shows for each store when the person was erased from it', async (t) => {
  const { pool } = await createTestDatabase(t);
  await pool.query(insert, [id]);
  await pool.query(passed);
  const readErasure = createErasureReader({ primary: pool, replica: pool });
  const { position, erasure } = await readErasure(id);
  t.is(position, 50);
  t.true(Value.Check(ErasureView, erasure));
  t.deepEqual(erasure, {
    userId: id,
    status: 'under-way',
    requestedAt: '2026-03-04T05:06:07.089Z',
    stores: [
      { store: 'read-model', erasedAt: '2026-03-04T05:06:08.000Z' },
      { store: 'replica', erasedAt: '2026-03-04T05:06:08.000Z' },
      { store: 'cache', erasedAt: null },
      { store: 'key', erasedAt: null },
      { store: 'claims', erasedAt: null },
      { store: 'log-servers', erasedAt: null },
    ],
  });
  await pool.query(gone);
  t.is((await readErasure(id)).erasure?.status, 'done');
});

test('is not done while the live version has not passed it; others do not count', async (t) => {
  const { pool } = await createTestDatabase(t);
  await pool.query(insert, [id]);
  await pool.query(gone);
  // An erasure reaches every version at once, so one that is filled again has nothing left to do.
  await pool.query(rebuilt);
  const readErasure = createErasureReader({ primary: pool, replica: pool });
  t.deepEqual(left((await readErasure(id)).erasure), [['read-model'], ['replica']]);
  await pool.query(`${passed} and version = 1`);
  t.is((await readErasure(id)).erasure?.status, 'done');
});

test('is not done while the replica is behind, and names an unavailable one', async (t) => {
  const { pool: primary } = await createTestDatabase(t);
  const { pool: replica } = await createTestDatabase(t);
  const { pool: away } = await createEmptyTestDatabase(t);
  for (const sql of [insert.replace('$1', `'${id}'`), gone, passed]) await primary.query(sql);
  const readErasure = createErasureReader({ primary, replica });
  t.deepEqual(left((await readErasure(id)).erasure), [['replica']]);
  await replica.query(insert, [id]);
  t.deepEqual(left((await readErasure(id)).erasure), [['replica']]);
  await replica.query(passed);
  t.is((await readErasure(id)).erasure?.status, 'done');
  const alone = await createErasureReader({ primary, replica: away })(id);
  t.deepEqual(left(alone.erasure), [['replica', 'replica']]);
});

test('is not done while a server of the log may have missed it, and names the server', async (t) => {
  const { pool } = await createTestDatabase(t);
  for (const sql of [insert.replace('$1', `'${id}'`), gone, passed]) await pool.query(sql);
  const readErasure = createErasureReader({ primary: pool, replica: pool });
  await pool.query(`update zameni.erasures set log_servers_behind = '{n2,n3}'`);
  const { erasure } = await readErasure(id);
  t.true(Value.Check(ErasureView, erasure));
  t.deepEqual(left(erasure), [['log-servers', 'n2', 'n3']]);
  await pool.query(
    `update zameni.erasures set log_servers_behind = array_remove(log_servers_behind, 'n2')`,
  );
  t.deepEqual(left((await readErasure(id)).erasure), [['log-servers', 'n3']]);
});

test('without an erasure it returns none, with a position', async (t) => {
  const { pool } = await createTestDatabase(t);
  const readErasure = createErasureReader({ primary: pool, replica: pool });
  t.deepEqual(await readErasure(id), { position: 0, erasure: undefined });
});

test('without the primary the replica answers what it has, but not what it lacks', async (t) => {
  const { pool: replica } = await createTestDatabase(t);
  const { pool: primary } = await createEmptyTestDatabase(t);
  const readErasure = createErasureReader({ primary, replica });
  const message = /read model cannot be reached/;
  await t.throwsAsync(readErasure(id), { message });
  await replica.query(insert, [id]);
  t.is((await readErasure(id)).erasure?.userId, id);
  await t.throwsAsync(createErasureReader({ primary, replica: primary })(id), { message });
});
