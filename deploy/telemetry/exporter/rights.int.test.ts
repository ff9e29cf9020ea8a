import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestPool, readTestStack } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';

/** SQLSTATE of Postgres, and of PgBouncer's own refusals. */
const DENIED = '42501';
const POOL_REFUSES = '08P01';

const stack = await readTestStack();
const { postgres, pgbouncer } = stack;

test('the role of the exporter reads figures of the servers', async (t) => {
  for (const server of [postgres.primary, postgres.replica]) {
    const run = await connectAs(t, 'zameni_monitor', { ...server, database: 'postgres' });
    t.regex(await run('select numbackends from pg_stat_database limit 1'), /^\d+$/);
    t.is(await run("select pg_read_file('PG_VERSION')"), DENIED);
    t.is(await run('select rolpassword from pg_authid limit 1'), DENIED);
    t.is(await run('set role zameni_projector'), DENIED);
  }
});

test('the role of the exporter cannot connect to the database of the services', async (t) => {
  const place = { ...postgres.primary, database: postgres.database };
  const run = await connectAs(t, 'zameni_monitor', place);
  t.is(await run('select 1'), DENIED);
});

test('the user of the exporter reads the pool’s figures, and changes nothing', async (t) => {
  const place = { ...pgbouncer, database: 'pgbouncer' };
  const run = await connectAs(t, 'zameni_stats', place);
  t.truthy(await run('show pools'));
  for (const command of ['pause', 'reload', 'kill zameni_rw', 'set pool_mode = session']) {
    t.is(await run(command), POOL_REFUSES, command);
  }
  const through = await connectAs(t, 'zameni_stats', {
    ...pgbouncer,
    database: pgbouncer.primaryDatabase,
  });
  t.is(await through('select 1'), POOL_REFUSES);
});

async function passwordOf(name: string): Promise<string> {
  return (await readFile(join(stack.folders.secrets, `${name}.password`), 'utf8')).trimEnd();
}

/** Returns what runs a statement: its first value as text, or the code of the refusal. */
async function connectAs(
  t: ExecutionContext,
  user: 'zameni_monitor' | 'zameni_stats',
  { host, port, database }: { host: string; port: number; database: string },
) {
  const file = user === 'zameni_monitor' ? 'postgres-monitor' : 'pgbouncer-stats';
  const pool = createTestPool({
    url: `postgres://${user}@${host}:${port}/${database}`,
    password: await passwordOf(file),
    name: 'rights',
  });
  t.teardown(() => pool.end());
  return async (sql: string): Promise<string> => {
    try {
      const { rows } = await pool.query<Record<string, unknown>>(sql);
      return String(Object.values(rows[0] ?? {})[0]);
    } catch (fault) {
      return fault instanceof Error && 'code' in fault ? String(fault.code) : String(fault);
    }
  };
}
