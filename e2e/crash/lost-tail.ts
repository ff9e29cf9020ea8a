import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from '@zameni/runtime';
import { insist, openSuperuserPool, type Stack, waitUntil } from '@zameni/runtime/testing';

/**
 * Brings the database back to its state before this time, in one transaction: what clients of a
 * promoted replica find that had not received the last changes. Everything of ours goes back
 * together, checkpoints and leases too.
 */
export async function loseTail(stack: Stack, forMs: number): Promise<void> {
  const pool = openSuperuserPool(stack, { name: 'lost-tail' });
  try {
    // After a kill it may still start.
    const tables = await insist(() => readTables(pool));
    const copies = tables.map((table, n) => ({ table, copy: `pg_temp.kept_${n}` }));
    await run(pool, [
      'begin isolation level repeatable read',
      ...copies.map(
        ({ table, copy }) => `create temporary table ${copy.slice(8)} as table ${table}`,
      ),
    ]);
    await pause(forMs);
    await run(pool, [
      'begin',
      // Neither triggers nor references, which hold for the whole but not between two statements.
      "set local session_replication_role = 'replica'",
      `lock table ${tables.join(', ')} in access exclusive mode`,
      ...copies.flatMap(({ table, copy }) => [
        `delete from ${table}`,
        `insert into ${table} overriding system value table ${copy}`,
      ]),
    ]);
  } finally {
    await pool.end();
  }
}

/** Every table of the services, of all versions of the read models. */
async function readTables(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname = 'zameni' or schemaname like 'accounts\\_v%' order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Runs a transaction again if it lost a deadlock. */
async function run(pool: Pool, statements: readonly string[]): Promise<void> {
  await waitUntil(async () => {
    try {
      for (const statement of statements) await pool.query(statement);
      await pool.query('commit');
      return true;
    } catch (error) {
      await pool.query('rollback');
      if (Reflect.get(Object(error), 'code') === '40P01') return false;
      throw error;
    }
  });
}
