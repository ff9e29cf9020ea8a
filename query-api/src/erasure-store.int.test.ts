import { ErasureView } from '@zameni/contracts';
import { createEmptyTestDatabase, createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { createErasureReader } from './erasure-store.ts';

const id = '01980000-0000-7000-8000-000000000001';
const insert = `insert into zameni.erasures
  (user_id, position, requested_at, requested_by, read_model_at, cache_at)
  values ($1, 49, '2026-03-04T05:06:07.089Z', 'app-1', '2026-03-04T05:06:08Z', null)`;

test('tells of each store when it had forgotten the person', async (t) => {
  const { pool } = await createTestDatabase(t);
  await pool.query(insert, [id]);
  await pool.query('update zameni.checkpoints set position = 50');
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
      { store: 'cache', erasedAt: null },
      { store: 'key', erasedAt: null },
      { store: 'claims', erasedAt: null },
    ],
  });
  await pool.query(
    'update zameni.erasures set cache_at = now(), key_at = now(), claims_at = now()',
  );
  t.is((await readErasure(id)).erasure?.status, 'done');
});

test('of whom nobody erased it knows nothing, up to a position', async (t) => {
  const { pool } = await createTestDatabase(t);
  const readErasure = createErasureReader({ primary: pool, replica: pool });
  t.deepEqual(await readErasure(id), { position: 0, erasure: undefined });
});

test('without the primary the replica tells what it has, but not what it lacks', async (t) => {
  const { pool: replica } = await createTestDatabase(t);
  const { pool: primary } = await createEmptyTestDatabase(t);
  const readErasure = createErasureReader({ primary, replica });
  const message = /read model cannot be reached/;
  await t.throwsAsync(readErasure(id), { message });
  await replica.query(insert, [id]);
  t.is((await readErasure(id)).erasure?.userId, id);
  await t.throwsAsync(createErasureReader({ primary, replica: primary })(id), { message });
});
