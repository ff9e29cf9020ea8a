import { type Pool, readModelsSchema } from '@zameni/runtime';
import { createAnchorStore } from '../anchors/store.ts';
import { type CheckpointOwner, createPostgresLeaseStore } from '../lease/store.ts';
import { toColumns } from './columns.ts';
import { markErasedFromCache, readErasuresNotInCache } from './erasures/rows.ts';
import { isRejection } from '../parking/apply-or-park.ts';
import { createParkingStore } from '../parking/store.ts';
import type { ProjectionStore, RowBatch } from './store.ts';
import { toBegunRow } from './users/fold.ts';
import { type StoredUser, toUserRow, type UserRow, userColumnsOf } from './users/rows.ts';

/** Rows, checkpoint and lease of the projection in Postgres, for the process named by `owner`. */
export function createPostgresStore(pool: Pool, owner: CheckpointOwner): ProjectionStore {
  return {
    ...createPostgresLeaseStore(pool, owner),
    ...createAnchorStore(pool, owner),
    ...createParkingStore(pool, owner),
    apply: (batch) => apply(pool, owner, batch),
    findRejection: (batch) => findRejection(pool, owner, batch),
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

/** The function is in `projector/read-models/0004_apply.sql`. */
function toApplySql(version: number): string {
  return `select person, ${userColumnsOf('changed')}
    from ${readModelsSchema(version)}.apply($1, $2, $3, $4, $5, $6, $7)`;
}

/**
 * Applies a batch in one statement: one round trip and one implicit transaction, so a process that
 * freezes holds no lock, unless the answer is larger than the buffers of the connection. Then a
 * standby ends the connection, see `projector/src/lease/store.ts`.
 */
async function apply(
  pool: Pick<Pool, 'query'>,
  owner: CheckpointOwner,
  { from, to, changes, parking, anchors = [] }: RowBatch,
): Promise<readonly UserRow[] | undefined> {
  const { projection, version, holder, leaseMs } = owner;
  const json = toJson({ ...changes, ...parking, anchors });
  const values = [projection, version, holder, leaseMs, from, to, json];
  const { rows } = await pool.query<Applied>(toApplySql(version), values);
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

async function findRejection(
  pool: Pool,
  owner: CheckpointOwner,
  batch: RowBatch,
): Promise<string | undefined> {
  const client = await pool.connect();
  // The query reports the loss of its connection; without a listener it would end the process.
  const ignore = () => undefined;
  client.on('error', ignore);
  try {
    await client.query('begin');
    await apply(client, owner, batch);
    return undefined;
  } catch (error) {
    if (isRejection(error)) return error.code;
    throw error;
  } finally {
    const isClean = await client.query('rollback').then(
      () => true,
      () => false,
    );
    client.off('error', ignore);
    // A connection that may still be in the transaction must not serve another batch.
    client.release(!isClean);
  }
}

/** The sets that are not empty, each row by the names of its columns. */
function toJson(sets: Readonly<Record<string, readonly object[]>>): string {
  const filled = Object.entries(sets).filter(([, rows]) => rows.length > 0);
  return JSON.stringify(
    Object.fromEntries(
      filled.map(([name, rows]) => [name, rows.map((row) => toColumns({ ...row }))]),
    ),
  );
}
