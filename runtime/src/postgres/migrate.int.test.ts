import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createEmptyTestDatabase, createTestDatabase } from '../testing/stores.ts';
import { waitUntil } from '../testing/wait.ts';
import { MigrationError, migrate } from './migrate.ts';

async function createFolder(
  t: ExecutionContext,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'zameni-migrations-'));
  t.teardown(() => rm(directory, { recursive: true }));
  for (const [name, sql] of Object.entries(files)) await writeFile(join(directory, name), sql);
  return directory;
}

test('applies each file once, in order', async (t) => {
  const { pool, ...database } = await createEmptyTestDatabase(t);
  const directory = await createFolder(t, {
    '0001_first.sql': 'create table a (n integer);',
    '0002_second.sql': 'alter table a add column m integer; insert into a values (1, 2);',
  });
  t.deepEqual(await migrate({ ...database, directory }), ['first', 'second']);
  t.deepEqual(await migrate({ ...database, directory }), []);
  t.deepEqual((await pool.query('select * from a')).rows, [{ n: 1, m: 2 }]);
});

test('two concurrent runs apply each file once', async (t) => {
  const { pool: _, ...database } = await createEmptyTestDatabase(t);
  const directory = await createFolder(t, {
    '0001_first.sql': 'create table a (n integer); select pg_sleep(0.1);',
  });
  const applied = await Promise.all([1, 2, 3].map(() => migrate({ ...database, directory })));
  t.deepEqual(applied.flat(), ['first']);
});

test('refuses a file that changed after it was applied', async (t) => {
  const { pool: _, ...database } = await createEmptyTestDatabase(t);
  const directory = await createFolder(t, { '0001_first.sql': 'create table a (n integer);' });
  await migrate({ ...database, directory });
  await writeFile(join(directory, '0001_first.sql'), 'create table a (n bigint);');
  await t.throwsAsync(migrate({ ...database, directory }), { instanceOf: MigrationError });
});

test('refuses a database that is ahead of the files', async (t) => {
  const { pool: _, ...database } = await createEmptyTestDatabase(t);
  const directory = await createFolder(t, {
    '0001_first.sql': 'select 1;',
    '0002_second.sql': 'select 2;',
  });
  await migrate({ ...database, directory });
  await rm(join(directory, '0002_second.sql'));
  await t.throwsAsync(migrate({ ...database, directory }), { instanceOf: MigrationError });
});

test('refuses numbers that leave a gap', async (t) => {
  const { pool: _, ...database } = await createEmptyTestDatabase(t);
  const directory = await createFolder(t, { '0002_second.sql': 'select 2;' });
  await t.throwsAsync(migrate({ ...database, directory }), {
    instanceOf: MigrationError,
    message: '0002_second.sql is not named 0001_name.sql',
  });
});

test('a failed file is rolled back and stops the files after it', async (t) => {
  const { pool, ...database } = await createEmptyTestDatabase(t);
  const directory = await createFolder(t, {
    '0001_first.sql': 'create table a (n integer);',
    '0002_second.sql': 'create table b (n integer); select 1 / 0;',
  });
  await t.throwsAsync(migrate({ ...database, directory }), { code: '22012' });
  const { rows } = await pool.query(
    `select to_regclass('a') is null as a, to_regclass('b') is null as b`,
  );
  t.deepEqual(rows, [{ a: false, b: true }]);
});

test('the migrations of the read models apply', async (t) => {
  const { pool } = await createTestDatabase(t);
  const { rows } = await pool.query(
    'select projection, version, position from zameni.checkpoints order by projection',
  );
  t.deepEqual(rows, [
    { projection: 'accounts', version: 1, position: '0' },
    { projection: 'auditor', version: 1, position: '0' },
    { projection: 'eraser', version: 1, position: '0' },
    { projection: 'reclaimer', version: 1, position: '0' },
    { projection: 'rewrapper', version: 1, position: '0' },
  ]);
});

test('an aborted signal ends a running statement and rolls its file back', async (t) => {
  const { pool, ...database } = await createEmptyTestDatabase(t);
  const directory = await createFolder(t, {
    '0001_slow.sql': 'create table a (n integer); select pg_sleep(60);',
  });
  const reason = new Error('stopped');
  const stopping = new AbortController();
  const migrated = t.throwsAsync(migrate({ ...database, directory, signal: stopping.signal }), {
    is: reason,
  });
  const isSleeping = `select from pg_stat_activity
    where datname = current_database() and wait_event = 'PgSleep'`;
  await waitUntil(async () => (await pool.query(isSleeping)).rowCount === 1);
  stopping.abort(reason);
  await migrated;
  t.is((await pool.query("select to_regclass('a') as name")).rows[0].name, null);
});
