import { READ_MODELS, type ReadModelsComparison } from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import { createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import {
  addVersion,
  followVersion,
  readStates,
  registers,
  switchTo,
} from '../read-models/versions.fixture.ts';
import { createVersionStore } from './store.ts';

const comparison: ReadModelsComparison = { isDone: true, isEqual: false, tables: [] };

async function readRow(pool: Pool, version: number) {
  const { rows } = await pool.query<{ comparison: unknown; changed: boolean }>(
    `select comparison, changed_at > started_at as changed
     from zameni.read_models where version = $1`,
    [version],
  );
  return rows[0];
}

const setState = (pool: Pool, version: number, state: string) =>
  pool.query('update zameni.read_models set state = $2 where version = $1', [version, state]);

test('reads every version with its state, its read models and what it has copied', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  await addVersion(pool, 2, ['users', 'attempts']);
  const [first, second, ...more] = await store.readVersions();
  t.like(first, { version: 1, state: 'live' });
  t.deepEqual(second, {
    version: 2,
    state: 'building',
    selected: new Set(['users', 'attempts'] as const),
    carriedPosition: null,
  });
  t.deepEqual(more, []);
  await store.carryOver(2);
  t.is((await store.readVersions())[1]?.carriedPosition, 0);
});

test('copies come from the version that is live, whichever it is', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  await (await followVersion(pool, 1)).apply(5, registers(1, 5));
  await (await addVersion(pool, 2)).apply(7, registers(1, 5), registers(2, 7));
  t.true(await switchTo(pool, 2));
  await addVersion(pool, 3, ['attempts']);
  t.is(await store.carryOver(3), 7);
  const { rows } = await pool.query('select count(*)::integer as people from accounts_v3.users');
  t.deepEqual(rows, [{ people: 2 }]);
  await pool.query(`update accounts_v3.users set display_name = 'Wrong' where position = 7`);
  const { live, rows: compared } = await store.compareWithLive(3);
  t.is(live, 2);
  const users = (await compared.readTables()).find(({ name }) => name === 'users');
  if (users === undefined) return t.fail();
  const { rows: people, differences } = await compared.compare(users, { after: null, to: null });
  t.is(people, 2);
  t.deepEqual(
    differences.map(({ columns }) => columns),
    [['display_name']],
  );
});

test('a position is that of one version, and 0 for an unknown one', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  await (await followVersion(pool, 1)).apply(9, registers(1, 5));
  await (await addVersion(pool, 2)).apply(6, registers(1, 5));
  t.deepEqual(await Promise.all([1, 2, 3].map(store.readPosition)), [9, 6, 0]);
});

test('a comparison is kept while the version is built, and may end that', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  await addVersion(pool, 2);
  await store.saveComparison(2, { ...comparison, isDone: false }, 'building');
  t.deepEqual(await readRow(pool, 2), {
    comparison: { ...comparison, isDone: false },
    changed: false,
  });
  await store.saveComparison(2, comparison, 'differs');
  t.deepEqual(await readStates(pool), { 1: 'live', 2: 'differs' });
  t.deepEqual(await readRow(pool, 2), { comparison, changed: true });
});

for (const state of ['differs', 'kept', 'dropped'] as const) {
  test(`a comparison that ends late leaves a version that is ${state} as it is`, async (t) => {
    const { pool } = await createTestDatabase(t);
    const store = createVersionStore(pool);
    await addVersion(pool, 2);
    await setState(pool, 2, state);
    await store.saveComparison(2, comparison, 'building');
    await store.saveComparison(2, comparison, 'differs');
    t.deepEqual(await readStates(pool), { 1: 'live', 2: state });
    t.like(await readRow(pool, 2), { comparison: null });
  });
}

test('switches once the version is not behind', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  const second = await addVersion(pool, 2);
  await (await followVersion(pool, 1)).apply(9);
  t.false(await store.switchTo(2, 1));
  await second.apply(9);
  t.true(await store.switchTo(2, 1));
  t.true(await store.switchTo(2, 1), 'again');
  t.deepEqual(await readStates(pool), { 1: 'kept', 2: 'live' });
});

test('a switch is tried again later if a reader takes longer than it waits', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  await addVersion(pool, 2);
  const reader = await pool.connect();
  await reader.query('begin');
  await reader.query('select from accounts.checkpoint');
  t.false(await store.switchTo(2, 1));
  await reader.query('rollback');
  reader.release();
  t.true(await store.switchTo(2, 1));
});

test('does not switch over the head of an operator', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  await addVersion(pool, 2);
  for (const state of ['differs', 'kept', 'dropped'] as const) {
    await setState(pool, 2, state);
    await t.throwsAsync(store.switchTo(2, 1), { code: '55000' });
  }
  await setState(pool, 2, 'building');
  // Compared with a version that is not the live one any more.
  await t.throwsAsync(store.switchTo(2, 7), { code: '55000' });
  t.deepEqual(await readStates(pool), { 1: 'live', 2: 'building' });
});

test('deletes a dropped version, and no other', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  await addVersion(pool, 2, READ_MODELS);
  await store.remove(1);
  await store.remove(2);
  t.deepEqual(await readStates(pool), { 1: 'live', 2: 'building' });
  await setState(pool, 2, 'dropped');
  await store.remove(2);
  await store.remove(2);
  t.deepEqual(await readStates(pool), { 1: 'live' });
});

test('without a live version nothing is copied or compared', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createVersionStore(pool);
  await addVersion(pool, 2);
  await setState(pool, 1, 'kept');
  await t.throwsAsync(store.carryOver(2), { message: /no version/ });
  await t.throwsAsync(store.compareWithLive(2), { message: /no version/ });
});
