import test from 'ava';
import { createCompareStore } from './compare-store.ts';
import {
  compareAll,
  createEqualVersions,
  insertRow,
  keyOf,
  moveTo,
  type TableName,
} from './compared-rows.fixture.ts';

const none = { onlyLive: 0, onlyNew: 0, differing: 0, columns: {}, newColumns: [], examples: [] };

/** The column by which a test names the n-th row. */
const WHERE: Readonly<Record<TableName, string>> = {
  users: 'position = $1',
  address_owner: 'position = $1',
  attempts: 'position = $1',
  registration_stats: 'extract(minute from minute) = $1',
};

test('tables, their primary keys and columns are read from both versions', async (t) => {
  const { pool } = await createEqualVersions(t, 0);
  const tables = await createCompareStore(pool, { live: 1, built: 2 }).readTables();
  t.deepEqual(
    tables.map(({ name, key, newColumns }) => ({ name, key, newColumns })),
    [
      { name: 'address_owner', key: ['k'], newColumns: [] },
      { name: 'attempts', key: ['attempt_id'], newColumns: [] },
      { name: 'registration_stats', key: ['minute', 'locale'], newColumns: [] },
      { name: 'users', key: ['user_id'], newColumns: [] },
    ],
  );
  t.deepEqual(tables[0]?.columns, ['k', 'user_id', 'position']);
});

test('equal rows do not differ, nor do empty tables', async (t) => {
  const { pool } = await createEqualVersions(t);
  const { isEqual, tables } = await compareAll(pool);
  t.true(isEqual);
  t.is(tables.length, 4);
  for (const each of tables) t.deepEqual(each, { table: each.table, rows: 9, ...none });
  for (const { table } of tables) await pool.query(`delete from accounts_v2.${table}`);
  const { tables: emptied } = await compareAll(pool);
  t.deepEqual(
    emptied.map(({ rows, onlyLive }) => [rows, onlyLive]),
    Array.from({ length: 4 }, () => [9, 9]),
  );
  for (const { table } of tables) await pool.query(`delete from accounts_v1.${table}`);
  t.true((await compareAll(pool)).isEqual);
});

const finds = test.macro<
  [table: TableName, set: string, columns: Readonly<Record<string, number>>]
>({
  title: (_, table) => `finds every kind of difference in ${table}`,
  exec: async (t, table, set, columns) => {
    const { pool } = await createEqualVersions(t);
    await pool.query(`update accounts_v2.${table} set ${set} where ${WHERE[table]}`, [2]);
    await pool.query(`delete from accounts_v2.${table} where ${WHERE[table]}`, [4]);
    await pool.query(`delete from accounts_v1.${table} where ${WHERE[table]}`, [6]);
    const { isEqual, tables, tableOf } = await compareAll(pool);
    t.false(isEqual);
    const { examples = [], ...found } = tableOf(table) ?? {};
    const counts = { table, rows: 9, onlyLive: 1, onlyNew: 1, differing: 1 };
    t.deepEqual(found, { ...counts, columns, newColumns: [] });
    t.deepEqual(examples.toSorted(), [2, 4, 6].map(keyOf[table]));
    for (const other of tables) {
      if (other.table !== table) t.like(other, { rows: 9, ...none }, other.table);
    }
  },
});
test(finds, 'users', `display_name = 'Wrong', status = 'deactivated'`, {
  display_name: 1,
  status: 1,
});
test(finds, 'address_owner', 'user_id = gen_random_uuid()', { user_id: 1 });
// A null differs from a value too.
test(finds, 'attempts', `claim = null, state = 'gone'`, { claim: 1, state: 1 });
test(finds, 'registration_stats', 'registered = registered + 1', { registered: 1 });

test('a null in both versions is equal', async (t) => {
  const { pool } = await createEqualVersions(t, 1);
  for (const version of [1, 2]) {
    await pool.query(`update accounts_v${version}.attempts set claim = null, user_id = null`);
  }
  t.true((await compareAll(pool)).isEqual);
});

test('a profile with its members in another order is equal, a nested value that differs is not', async (t) => {
  const { pool } = await createEqualVersions(t, 2);
  const write = (version: number, profile: string) =>
    pool.query(`update accounts_v${version}.users set profile = $1 where position = 1`, [profile]);
  await write(1, '{"plan": "free", "seats": 2, "flags": {"a": 1, "b": [1, 2]}}');
  await write(2, '{"seats": 2.0, "flags": {"b": [1, 2], "a": 1}, "plan": "free"}');
  t.true((await compareAll(pool)).isEqual);
  await write(2, '{"seats": 2, "flags": {"b": [2, 1], "a": 1}, "plan": "free"}');
  t.like((await compareAll(pool)).tableOf('users'), { differing: 1, columns: { profile: 1 } });
});

test('expired attempts are not compared', async (t) => {
  const { pool } = await createEqualVersions(t, 4);
  const change = (version: number, position: number, set: string) =>
    pool.query(`update accounts_v${version}.attempts set ${set} where position = $1`, [position]);
  const expired = `expires_at = now() - interval '1 second'`;
  // One is removed by one version only, one differs.
  for (const version of [1, 2]) {
    await change(version, 1, expired);
    await change(version, 2, expired);
  }
  await pool.query('delete from accounts_v2.attempts where position = 1');
  await change(2, 2, `state = 'gone'`);
  const { isEqual, tableOf } = await compareAll(pool);
  t.true(isEqual);
  t.like(tableOf('attempts'), { rows: 2, ...none });
  await change(2, 3, `state = 'gone'`);
  t.like((await compareAll(pool)).tableOf('attempts'), { differing: 1 });
});

test('the last two minutes of counts are not compared', async (t) => {
  const { pool } = await createEqualVersions(t, 1);
  const count = (secondsAgo: number) =>
    pool.query(
      `insert into accounts_v2.registration_stats (minute, locale, accepted, registered, verified)
       values (now() - $1 * interval '1 second', 'en', 1, 0, 0)`,
      [secondsAgo],
    );
  await count(0);
  await count(90);
  const { isEqual, tableOf } = await compareAll(pool);
  t.true(isEqual);
  t.like(tableOf('registration_stats'), { rows: 1, ...none });
  await count(150);
  t.like((await compareAll(pool)).tableOf('registration_stats'), { onlyNew: 1 });
});

for (const rangeRows of [1, 2, 4, 9, 10]) {
  test(`ranges of ${rangeRows} rows see each row once`, async (t) => {
    const { pool } = await createEqualVersions(t);
    const tables = ['users', 'address_owner', 'attempts', 'registration_stats'] as const;
    for (const table of tables) {
      // The ends of ranges are those of the live version.
      for (const n of [1, 9]) {
        await pool.query(`delete from accounts_v1.${table} where ${WHERE[table]}`, [n]);
      }
      await pool.query(`delete from accounts_v2.${table} where ${WHERE[table]}`, [4]);
    }
    // Rows that have the first column of the key in common.
    for (const version of [1, 2]) {
      await pool.query(
        `insert into accounts_v${version}.registration_stats
         select minute, 'aa-' || n, 1, 1, 1
         from accounts_v${version}.registration_stats, generate_series(1, 3) n
         where extract(minute from minute) = 5`,
      );
    }
    let ranges = 0;
    const { tableOf } = await compareAll(pool, {
      rangeRows,
      onProgress: async () => {
        ranges += 1;
      },
    });
    for (const table of tables) {
      const rows = table === 'registration_stats' ? 12 : 9;
      const { examples = [], ...found } = tableOf(table) ?? {};
      t.like(found, { rows, onlyLive: 1, onlyNew: 2, differing: 0 });
      t.deepEqual(examples.toSorted(), [1, 4, 9].map(keyOf[table]));
    }
    t.true(ranges >= 4 * Math.ceil(7 / rangeRows) - 3, `${ranges} ranges`);
  });
}

test('a column of one version only is named, and the others are still compared', async (t) => {
  const { pool } = await createEqualVersions(t, 2);
  await pool.query(`alter table accounts_v2.users add column phone text default 'none'`);
  const added = await compareAll(pool);
  t.false(added.isEqual);
  t.like(added.tableOf('users'), { rows: 2, differing: 0, newColumns: ['phone'] });
  await pool.query(`update accounts_v2.users set locale = 'en' where position = 1`);
  await pool.query('alter table accounts_v2.users drop column terms_version');
  const { tableOf } = await compareAll(pool);
  t.like(tableOf('users'), { differing: 1, columns: { locale: 1 } });
  t.deepEqual(tableOf('users')?.newColumns.toSorted(), ['phone', 'terms_version']);
});

test('a table of one version only is not compared', async (t) => {
  const { pool } = await createEqualVersions(t, 1);
  await pool.query('create table accounts_v2.invitations (invitation_id uuid primary key)');
  await pool.query('drop table accounts_v2.attempts cascade');
  const { isEqual, tables } = await compareAll(pool);
  t.true(isEqual);
  t.deepEqual(
    tables.map(({ table }) => table),
    ['address_owner', 'registration_stats', 'users'],
  );
});

test('a look at rows by their keys sees no others, and names the positions', async (t) => {
  const { pool } = await createEqualVersions(t);
  await moveTo(pool, 1, 20);
  await moveTo(pool, 2, 19);
  await pool.query('update accounts_v2.users set position = 15, version = 2 where position <= 3');
  await pool.query('delete from accounts_v2.users where position = 5');
  const store = createCompareStore(pool, { live: 1, built: 2 });
  const users = (await store.readTables()).find(({ name }) => name === 'users');
  if (users === undefined) return t.fail();
  const keys = [2, 5, 7, 99].map(keyOf.users);
  const { rows, differences, positions } = await store.compare(users, { keys });
  t.is(rows, 3);
  t.deepEqual(positions, { live: 20, built: 19 });
  t.deepEqual(await store.readPositions(), positions);
  t.deepEqual(
    differences.toSorted((one, other) => one.key.localeCompare(other.key)),
    [
      {
        key: keyOf.users(2),
        only: null,
        columns: ['version', 'position'],
        positions: [2, 15],
      },
      { key: keyOf.users(5), only: 'live', columns: [], positions: [5, null] },
    ],
  );
});

test('a row that comes while both advance does not differ', async (t) => {
  const { pool } = await createEqualVersions(t);
  await insertRow(pool, { version: 1, table: 'users', n: 10 });
  await moveTo(pool, 1, 10);
  await moveTo(pool, 2, 9);
  let seen = 0;
  const { isEqual } = await compareAll(pool, {
    // After the range was compared, and before the row is looked at again.
    onProgress: async ({ tables }) => {
      seen = tables.at(-1)?.table === 'users' ? (tables.at(-1)?.rows ?? 0) : seen;
      if (seen !== 10) return;
      await insertRow(pool, { version: 2, table: 'users', n: 10 });
      await moveTo(pool, 2, 10);
    },
  });
  t.is(seen, 10);
  t.true(isEqual);
});
