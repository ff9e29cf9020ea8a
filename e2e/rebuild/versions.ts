import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Pool } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import type { System } from '../support/system.ts';

const zameni = join(import.meta.dirname, '../../cli/bin/zameni.ts');
const DEADLINE_MS = 120_000;
const ALONE_DEADLINE_MS = 60_000;

/** What `zameni rebuild` printed, and its status. */
export type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs `zameni rebuild` as an operator does. */
export function runRebuild({ stack }: System, ...args: readonly string[]): Promise<Ended> {
  const argv = [zameni, 'rebuild', ...args, '--profile', stack.profile];
  const { promise, resolve } = Promise.withResolvers<Ended>();
  execFile(process.execPath, argv, { timeout: DEADLINE_MS }, (error, stdout, stderr) => {
    resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
  });
  return promise;
}

/** A version of the read models as Postgres has it. */
export type StoredVersion = {
  readonly version: number;
  readonly state: string;
  readonly position: number;
};

/** Reads all versions, by number. */
export async function readVersions(pool: Pool): Promise<readonly StoredVersion[]> {
  const { rows } = await pool.query<{ version: number; state: string; position: string }>(
    `select m.version, m.state, c.position from zameni.read_models m
     join zameni.checkpoints c on c.projection = 'accounts' and c.version = m.version
     order by m.version`,
  );
  return rows.map((row) => ({ ...row, position: Number(row.position) }));
}

/** Reads the number of the live version. */
export async function readLive(pool: Pool): Promise<number> {
  const live = (await readVersions(pool)).find(({ state }) => state === 'live');
  if (live === undefined) throw new Error('no version is live');
  return live.version;
}

/** Waits until only the live version is left. */
export async function untilAlone(pool: Pool): Promise<void> {
  await waitUntil(async () => (await readVersions(pool)).length === 1, ALONE_DEADLINE_MS);
}

/** The tables of a version. Some rows of the last two may differ between versions for good reason. */
const TABLES = {
  users: 'true',
  address_owner: 'true',
  // The log loses expired attempts.
  attempts: 'expires_at > now()',
  registration_stats: 'true',
} as const;

/** Counts the rows of each table that two versions do not have in common. */
export async function countDifferences(
  pool: Pool,
  [one, other]: readonly [number, number],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [table, where] of Object.entries(TABLES)) {
    const rowsOf = (version: number) => {
      return `select * from accounts_v${version}.${table} where ${where}`;
    };
    const { rows } = await pool.query<{ count: number }>(
      `select count(*)::integer as count from (
         (${rowsOf(one)} except ${rowsOf(other)}) union all (${rowsOf(other)} except ${rowsOf(one)})
       ) differing`,
    );
    counts[table] = rows[0]?.count ?? 0;
  }
  return counts;
}

/** Counts what each version has of a person: their row, their addresses, attempts that led to them. */
export async function countOf(pool: Pool, userId: string): Promise<number> {
  let count = 0;
  for (const { version } of await readVersions(pool)) {
    const { rows } = await pool.query<{ count: number }>(
      `select (
         (select count(*) from accounts_v${version}.users where user_id = $1)
         + (select count(*) from accounts_v${version}.address_owner where user_id = $1)
         + (select count(*) from accounts_v${version}.attempts where user_id = $1)
       )::integer as count`,
      [userId],
    );
    count += rows[0]?.count ?? 0;
  }
  return count;
}
