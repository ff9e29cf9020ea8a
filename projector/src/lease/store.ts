import { type Pool, readCheckpoint } from '@zameni/runtime';
import type { LeaseStore } from './work.ts';

/** A checkpoint, the process that may move it, and the duration of its lease. */
export type CheckpointOwner = {
  readonly projection: string;
  readonly version: number;
  readonly holder: string;
  readonly leaseMs: number;
};

/** The lease and checkpoint in Postgres, for the process that `owner` names. */
export function createPostgresLeaseStore(pool: Pool, owner: CheckpointOwner): LeaseStore {
  return {
    takeLease: () => takeLease(pool, owner),
    renewLease: () => renewLease(pool, owner),
    releaseLease: () => releaseLease(pool, owner),
    readPosition: () => readPosition(pool, owner),
  };
}

/** Reads the checkpoint, or 0 if the projection has none yet. */
export async function readPosition(
  pool: Pool,
  { projection, version }: Pick<CheckpointOwner, 'projection' | 'version'>,
): Promise<number> {
  return (await readCheckpoint(pool, { name: projection, version })) ?? 0;
}

/** Takes the lease in one compare-and-set. */
async function takeLease(pool: Pool, owner: CheckpointOwner): Promise<number | undefined> {
  const { rows } = await pool.query<{ position: string }>(
    `update zameni.checkpoints
     set holder = $3, lease_until = now() + $4 * interval '1 millisecond'
     where projection = $1 and version = $2
       and (holder is null or holder = $3 or lease_until < now())
     returning position`,
    [owner.projection, owner.version, owner.holder, owner.leaseMs],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].position);
}

async function renewLease(pool: Pool, owner: CheckpointOwner): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update zameni.checkpoints
     set lease_until = now() + $4 * interval '1 millisecond'
     where projection = $1 and version = $2 and holder = $3`,
    [owner.projection, owner.version, owner.holder, owner.leaseMs],
  );
  return rowCount === 1;
}

async function releaseLease(pool: Pool, owner: CheckpointOwner): Promise<void> {
  await pool.query(
    `update zameni.checkpoints
     set holder = null, lease_until = '-infinity'
     where projection = $1 and version = $2 and holder = $3`,
    [owner.projection, owner.version, owner.holder],
  );
}
