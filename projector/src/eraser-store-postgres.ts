import type { Pool } from '@zameni/runtime';
import { type CheckpointOwner, createPostgresLeaseStore } from './checkpoint.ts';
import type { EraserStore } from './eraser-store.ts';

/** The eraser's lease, checkpoint and marks in Postgres, for the process named by `owner`. */
export function createPostgresEraserStore(pool: Pool, owner: CheckpointOwner): EraserStore {
  return {
    ...createPostgresLeaseStore(pool, owner),
    moveTo: (from, to) => movePosition(pool, owner, { from, to }),
    markErasedFromLog: (userId) => markErasedFromLog(pool, userId),
  };
}

async function movePosition(
  pool: Pool,
  owner: CheckpointOwner,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update zameni.checkpoints
     set position = $5, lease_until = now() + $4 * interval '1 millisecond'
     where projection = $1 and version = $2 and holder = $3 and position = $6`,
    [owner.projection, owner.version, owner.holder, owner.leaseMs, to, from],
  );
  return rowCount === 1;
}

/** The first time counts: an erasure that is done again was done then. */
async function markErasedFromLog(pool: Pool, userId: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update zameni.erasures
     set key_at = coalesce(key_at, now()), claims_at = coalesce(claims_at, now())
     where user_id = $1`,
    [userId],
  );
  return rowCount === 1;
}
