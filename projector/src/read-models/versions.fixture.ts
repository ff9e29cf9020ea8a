import { join } from 'node:path';
import { ACCOUNTS_PROJECTION, READ_MODELS, type ReadModel } from '@zameni/contracts';
import { type Pool, readModelsSql } from '@zameni/runtime';
import { type Place, projected, registration } from '../accounts.fixture.ts';
import type { ProjectedRecord } from './record.ts';
import { toRowChanges } from './row-changes.ts';
import { createPostgresStore } from './store-postgres.ts';
import type { ProjectionStore } from './store.ts';

/** One version of the read models, whose lease is ours. */
export type FollowedVersion = {
  readonly version: number;
  readonly store: ProjectionStore;
  /** Applies records as one batch after the checkpoint, up to a position. */
  readonly apply: (to: number, ...records: readonly ProjectedRecord[]) => Promise<void>;
};

const DIRECTORY = join(import.meta.dirname, '../../read-models');

/** Creates a version beside the others, as a rebuild of these read models does. */
export async function addVersion(
  pool: Pool,
  version: number,
  selected: readonly ReadModel[] = READ_MODELS,
): Promise<FollowedVersion> {
  await pool.query(readModelsSql(DIRECTORY, version));
  await pool.query(
    `insert into zameni.read_models (version, state, selected) values ($1, 'building', $2)`,
    [version, selected],
  );
  return followVersion(pool, version);
}

/** Takes the lease of a version. */
export async function followVersion(pool: Pool, version: number): Promise<FollowedVersion> {
  const owner = { projection: ACCOUNTS_PROJECTION, version, holder: `of ${version}` };
  const store = createPostgresStore(pool, { ...owner, leaseMs: 600_000 });
  await store.takeLease();
  return {
    version,
    store,
    apply: async (to, ...records) => {
      const from = await store.readPosition();
      const rows = await store.apply({ from, to, changes: toRowChanges(records) });
      if (rows === undefined) throw new Error('the checkpoint is not ours');
    },
  };
}

/** An event of the n-th test person. */
export function happens(
  n: number,
  event: Parameters<typeof projected>[1],
  place: Place,
): ProjectedRecord {
  return { kind: 'event', event: projected(n, event, place) };
}

/** The registration of the n-th test person. */
export function registers(n: number, position: number): ProjectedRecord {
  return happens(n, registration(n), { position });
}

/** The people and attempts in the tables of a version, each sorted. */
export async function readPeople(pool: Pool, version: number) {
  const of = `accounts_v${version}`;
  const users = await pool.query<{ id: string }>(
    `select user_id as id from ${of}.users order by user_id`,
  );
  const owners = await pool.query<{ k: string }>(`select k from ${of}.address_owner order by k`);
  const attempts = await pool.query<{
    id: string;
    claim: string | null;
    state: string;
    user: string | null;
  }>(
    `select attempt_id as id, claim, state, user_id as user from ${of}.attempts
     order by attempt_id`,
  );
  return {
    users: users.rows.map(({ id }) => id),
    owners: owners.rows.map(({ k }) => k),
    attempts: attempts.rows,
  };
}

/** The state of each version, by number. */
export async function readStates(pool: Pool): Promise<Record<number, string>> {
  const { rows } = await pool.query<{ version: number; state: string }>(
    'select version, state from zameni.read_models',
  );
  return Object.fromEntries(rows.map(({ version, state }) => [version, state]));
}

/** Switches to a version once; see `zameni.switch_read_models`. */
export async function switchTo(pool: Pool, version: number): Promise<boolean> {
  const { rows } = await pool.query<{ done: boolean }>(
    'select zameni.switch_read_models($1) as done',
    [version],
  );
  return rows[0]?.done === true;
}

/** The SQLSTATE of a failure. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error;
}
