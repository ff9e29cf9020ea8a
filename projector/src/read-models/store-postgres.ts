import type { Pool } from '@zameni/runtime';
import { type CheckpointOwner, createPostgresLeaseStore } from '../lease/store.ts';
import { toColumns } from './columns.ts';
import { markErasedFromCache, readErasuresNotInCache } from './erasures/rows.ts';
import type { RowChanges } from './row-changes.ts';
import type { ProjectionStore, RowBatch } from './store.ts';
import { toBegunRow } from './users/fold.ts';
import { type StoredUser, toUserRow, type UserRow, userColumnsOf } from './users/rows.ts';

/** Rows, checkpoint and lease of the projection in Postgres, for the process named by `owner`. */
export function createPostgresStore(pool: Pool, owner: CheckpointOwner): ProjectionStore {
  return {
    ...createPostgresLeaseStore(pool, owner),
    apply: (batch) => apply(pool, owner, batch),
    readErasuresNotInCache: () => readErasuresNotInCache(pool),
    markErasedFromCache: (userIds) => markErasedFromCache(pool, userIds),
  };
}

/**
 * The first row has nulls only. Each other row is a person and their row after the batch, or nulls
 * if the row of the person was not written.
 */
type Applied = { readonly person: string | null } & (
  | StoredUser
  | { [Name in keyof StoredUser]: null }
);

/** The function is in `projector/migrations/0005_apply.sql`. */
const APPLY = `select person, ${userColumnsOf('changed')}
  from accounts_v1.apply($1, $2, $3, $4, $5, $6, $7)`;

/**
 * Applies a batch in one statement: one round trip and one implicit transaction, so a process that
 * freezes holds no lock.
 */
async function apply(
  pool: Pool,
  owner: CheckpointOwner,
  { from, to, changes }: RowBatch,
): Promise<readonly UserRow[] | undefined> {
  const { projection, version, holder, leaseMs } = owner;
  const values = [projection, version, holder, leaseMs, from, to, toJson(changes)];
  const { rows } = await pool.query<Applied>(APPLY, values);
  if (rows.length === 0) return undefined;
  const returned = new Set(rows.map(({ person }) => person));
  const changed = rows.flatMap(({ person: _person, ...row }) =>
    row.userId === null ? [] : [toUserRow(row)],
  );
  const begun = changes.patches.flatMap((patch) =>
    returned.has(patch.userId) ? [] : (toBegunRow(patch) ?? []),
  );
  return [...changed, ...begun];
}

/** The sets that are not empty, each row by the names of its columns. */
function toJson(changes: RowChanges): string {
  const sets = Object.entries(changes).filter(([, rows]) => rows.length > 0);
  return JSON.stringify(
    Object.fromEntries(sets.map(([name, rows]) => [name, rows.map(toColumns)])),
  );
}
