import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { readModelsSql } from './read-models-sql.ts';
import { addPassword } from './url.ts';

/** The database to migrate, directly on the primary, and the folder of the numbered files. */
type MigrateOptions = {
  /** URL without password. */
  readonly url: string;
  readonly password: string;
  readonly directory: string;
  /** Folder with the SQL of a version of the read models. If none exists, version 1 is created. */
  readonly readModels?: string;
  /** Aborting it ends the session, even during a statement. Uncommitted changes are rolled back. */
  readonly signal?: AbortSignal;
};

/** One numbered migration file. */
type Migration = {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
};

/** Migrations that cannot be applied: a changed, missing or badly named file. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Milliseconds to wait for another migration, or for other users of a table. */
const LOCK_TIMEOUT_MS = 30_000;
const STATEMENT_TIMEOUT_MS = 120_000;
/** The server itself ends a long statement. This limit covers a server that no longer answers. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;

/** An arbitrary constant that nothing else in this database locks. */
const LOCK = 7_263_364;

/**
 * Applies pending migrations, each in its own transaction, and returns their names. One advisory
 * lock makes concurrent runs safe. A file that changed after it was applied is an error, because
 * existing databases would differ from new ones.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { url, password, directory, signal } = options;
  const migrations = readMigrations(directory);
  const client = new pg.Client({
    connectionString: addPassword(url, password),
    connectionTimeoutMillis: 5_000,
    lock_timeout: LOCK_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: 'zameni-migrate',
  });
  // The next statement reports a connection that breaks between two statements.
  client.on('error', () => undefined);
  await client.connect();
  const stop = () => void client.end();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    await inTransaction(client, () => createTable(client));
    const applied: string[] = [];
    for (const migration of migrations) {
      if (await inTransaction(client, () => applyOnce(client, migration, migrations.length))) {
        applied.push(migration.name);
      }
    }
    const { readModels } = options;
    if (readModels !== undefined)
      await inTransaction(client, () => createFirst(client, readModels));
    return applied;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await client.end();
  }
}

/** Reads the files `0001_name.sql`, `0002_…`. Their numbers must be consecutive from 1. */
function readMigrations(directory: string): Migration[] {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .toSorted();
  return names.map((file, index) => {
    const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
    if (match === null || Number(match[1]) !== index + 1) {
      const number = String(index + 1).padStart(4, '0');
      throw new MigrationError(`${file} is not named ${number}_name.sql`);
    }
    const sql = readFileSync(join(directory, file), 'utf8');
    const sha256 = createHash('sha256').update(sql).digest('hex');
    return { number: index + 1, name: match[2] ?? '', sql, sha256 };
  });
}

async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    try {
      await client.query('rollback');
    } catch (second) {
      throw new AggregateError([error, second], 'migration and rollback failed', { cause: second });
    }
    throw error;
  }
}

async function createTable(client: pg.Client): Promise<void> {
  await client.query(`
    create schema if not exists zameni;
    create table if not exists zameni.migrations (
      number integer primary key,
      name text not null,
      sha256 text not null,
      applied_at timestamptz not null default now()
    )`);
}

/** Creates the first version of the read models and makes it the live one. */
async function createFirst(client: pg.Client, directory: string): Promise<void> {
  const { rowCount } = await client.query('select from zameni.read_models limit 1');
  if (rowCount !== 0) return;
  await client.query(readModelsSql(directory, 1));
  await client.query(
    `insert into zameni.read_models (version, state, selected, carried_position)
     values (1, 'live', '{}', 0);
     select zameni.show_read_models(1)`,
  );
}

async function applyOnce(
  client: pg.Client,
  migration: Migration,
  newest: number,
): Promise<boolean> {
  const { number, name, sql, sha256 } = migration;
  const { rows } = await client.query<{ sha256: string | null; last: number }>(
    `select (select sha256 from zameni.migrations where number = $1) as sha256,
       coalesce(max(number), 0) as last
     from zameni.migrations`,
    [number],
  );
  const stored = rows[0];
  if (stored !== undefined && stored.last > newest) {
    throw new MigrationError(
      `the database has migration ${stored.last}; the newest file is ${newest}`,
    );
  }
  if (stored?.sha256 === sha256) return false;
  if (stored?.sha256)
    throw new MigrationError(`migration ${number} (${name}) changed after it was applied`);
  await client.query(sql);
  await client.query('insert into zameni.migrations (number, name, sha256) values ($1, $2, $3)', [
    number,
    name,
    sha256,
  ]);
  return true;
}
