import { join } from 'node:path';
import { type Pool, readModelsSql } from '@zameni/runtime';
import {
  createTestDatabase,
  createTestPool,
  readTestStack,
  waitUntil,
} from '@zameni/runtime/testing';
import type { ExecutionContext } from 'ava';

/** A person in both versions of the read models, with the name that `nameOf` gives. */
export const PERSON = '01980000-0000-7000-8000-000000000001';

/** A minute with as many registrations as the number of the version. */
export const MINUTE = '2026-03-10T05:06:00.000Z';

/** The position of both versions. */
export const POSITION = 20;

const READ_MODELS = join(import.meta.dirname, '../../../projector/read-models');
const LOCK_NOT_AVAILABLE = '55P03';

/** The name of the person in a version. */
export function nameOf(version: number): string {
  return `of ${version}`;
}

/**
 * Creates a database with two versions of the read models, of which the first is live, and connects
 * to the primary and to the replica.
 */
export async function createTwoVersions(
  t: ExecutionContext,
): Promise<{ readonly primary: Pool; readonly replica: Pool }> {
  const { url, password, pool: primary } = await createTestDatabase(t);
  await primary.query(readModelsSql(READ_MODELS, 2));
  await primary.query(
    `insert into zameni.read_models (version, state, selected) values (2, 'building', '{}')`,
  );
  for (const version of [1, 2]) {
    await primary.query(
      `insert into accounts_v${version}.users
       values ($1, 'a@example.org', 'k', true, $2, 'sr', '1', '{}', 'active', now(), 3, 10)`,
      [PERSON, nameOf(version)],
    );
    await primary.query(
      `insert into accounts_v${version}.registration_stats values ($1, 'sr', $2, 0, 0)`,
      [MINUTE, version],
    );
  }
  await primary.query(`update zameni.checkpoints set position = $1 where projection = 'accounts'`, [
    POSITION,
  ]);
  return { primary, replica: await openReplica(t, { url, password, primary }) };
}

/** Connects to the replica, when it has what the primary has. */
async function openReplica(
  t: ExecutionContext,
  { url, password, primary }: { url: string; password: string; primary: Pool },
): Promise<Pool> {
  const { postgres } = await readTestStack();
  const { rows } = await primary.query<{ lsn: string }>('select pg_current_wal_lsn() as lsn');
  const there = new URL(url);
  there.port = String(postgres.replica.port);
  there.hostname = postgres.replica.host;
  const options = { password, max: 4 };
  const anyDatabase = new URL(there);
  anyDatabase.pathname = '/postgres';
  const replay = createTestPool({ url: anyDatabase.href, ...options });
  await waitUntil(async () => {
    const replayed = 'select pg_last_wal_replay_lsn() >= $1::pg_lsn as done';
    return (await replay.query<{ done: boolean }>(replayed, [rows[0]?.lsn])).rows[0]?.done === true;
  });
  await replay.end();
  const pool = createTestPool({ url: there.href, ...options });
  t.teardown(() => pool.end());
  return pool;
}

/** Makes a version the live one, as the projector does: until no reader is in the way. */
export async function switchTo(pool: Pool, version: number): Promise<void> {
  await waitUntil(async () => {
    try {
      const { rows } = await pool.query<{ done: boolean }>(
        'select zameni.switch_read_models($1) as done',
        [version],
      );
      return rows[0]?.done === true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE)
        return false;
      throw error;
    }
  });
}
