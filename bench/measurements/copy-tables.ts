import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from '@zameni/runtime';

/** The schema of the read models, and one for tables like theirs. */
const SCHEMA = 'accounts_v1';
const LIKE = 'bench_copy';

/** Names of all tables of the read models. */
export async function listTables(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = $1 order by tablename',
    [SCHEMA],
  );
  return rows.map(({ name }) => name);
}

/** Empties all tables of the read models. */
export async function emptyTables(pool: Pool): Promise<void> {
  const tables = await listTables(pool);
  await pool.query(`truncate ${tables.map((name) => `${SCHEMA}.${name}`).join(', ')}`);
}

/**
 * Copies the rows of tables into empty tables like them, with the same indexes, by COPY from files
 * on the server. The rows are one transaction, as in a restore. Returns rows and seconds, without
 * those of writing the files.
 */
export async function copyTables(
  pool: Pool,
  tables: readonly string[],
): Promise<{ readonly rows: number; readonly seconds: number }> {
  const fileOf = (name: string) => join(tmpdir(), `zameni-bench-${process.pid}-${name}.copy`);
  await pool.query(`drop schema if exists ${LIKE} cascade`);
  await pool.query(`create schema ${LIKE}`);
  try {
    for (const name of tables) {
      await pool.query(`create table ${LIKE}.${name} (like ${SCHEMA}.${name} including all)`);
      await pool.query(`copy ${SCHEMA}.${name} to '${fileOf(name)}'`);
    }
    await pool.query('checkpoint');
    const startedAt = performance.now();
    let rows = 0;
    const client = await pool.connect();
    try {
      await client.query('begin');
      for (const name of tables) {
        const { rowCount } = await client.query(`copy ${LIKE}.${name} from '${fileOf(name)}'`);
        rows += rowCount ?? 0;
      }
      await client.query('commit');
    } finally {
      client.release();
    }
    return { rows, seconds: (performance.now() - startedAt) / 1_000 };
  } finally {
    await pool.query(`drop schema if exists ${LIKE} cascade`);
    // They belong to the user of the server. Without root they stay until the folder is cleaned.
    await Promise.all(tables.map((name) => rm(fileOf(name)).catch(() => undefined)));
  }
}
