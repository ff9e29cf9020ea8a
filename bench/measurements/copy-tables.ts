import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Pool, readLiveCheckpoint, readModelsSchema } from '@zameni/runtime';

/** A schema for tables like those of the read models. */
const LIKE = 'bench_copy';

/** The number of the live version of the read models. */
export async function readLiveVersion(pool: Pool): Promise<number> {
  const checkpoint = await readLiveCheckpoint(pool);
  if (checkpoint === undefined) throw new Error('the read models have no checkpoint');
  return checkpoint.version;
}

/** Names of all tables of the live version of the read models. */
export async function listTables(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = $1 order by tablename',
    [readModelsSchema(await readLiveVersion(pool))],
  );
  return rows.map(({ name }) => name);
}

/** Empties all tables of the live version of the read models. */
export async function emptyTables(pool: Pool): Promise<void> {
  const schema = readModelsSchema(await readLiveVersion(pool));
  const tables = await listTables(pool);
  await pool.query(`truncate ${tables.map((name) => `${schema}.${name}`).join(', ')}`);
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
  const schema = readModelsSchema(await readLiveVersion(pool));
  await pool.query(`drop schema if exists ${LIKE} cascade`);
  await pool.query(`create schema ${LIKE}`);
  try {
    for (const name of tables) {
      await pool.query(`create table ${LIKE}.${name} (like ${schema}.${name} including all)`);
      await pool.query(`copy ${schema}.${name} to '${fileOf(name)}'`);
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
