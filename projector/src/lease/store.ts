import { type Pool, Fault } from '@zameni/runtime';
import type { LeaseStore } from './work.ts';

/** A checkpoint, the process that may move it, and the duration of its lease. */
export type CheckpointOwner = {
  readonly projection: string;
  readonly version: number;
  readonly holder: string;
  readonly leaseMs: number;
  /** The table with the checkpoint. `zameni.checkpoints` if it is left out. */
  readonly table?: 'zameni.checkpoints' | 'mailer.checkpoints';
};

/** The lease and checkpoint in Postgres, for the process that `owner` names. */
export function createPostgresLeaseStore(pool: Pool, owner: CheckpointOwner): LeaseStore {
  /** The expired lease that the last try to take it found. */
  let expired: Lease | undefined;
  return {
    takeLease: async () => {
      const lease = await readLease(pool, owner);
      const isFree = lease.holder === null || lease.holder === owner.holder;
      const isGivenUp = isSame(lease, expired);
      expired = lease.isExpired ? lease : undefined;
      if (!isFree && !isGivenUp) return undefined;
      const position = await takeLease(pool, owner, lease);
      if (position === undefined && lease.isExpired) await endFrozen(pool, owner, lease);
      return position;
    },
    renewLease: (atLeast) => renewLease(pool, owner, atLeast),
    releaseLease: () => releaseLease(pool, owner),
    readPosition: () => readPosition(pool, owner),
  };
}

/** Which checkpoint, and where it is. */
type Checkpoint = Pick<CheckpointOwner, 'projection' | 'version' | 'table'>;

const TABLE = 'zameni.checkpoints';

/** Reads the checkpoint, or 0 if the projection has none yet. */
export async function readPosition(
  pool: Pool,
  { projection, version, table = TABLE }: Checkpoint,
): Promise<number> {
  const { rows } = await pool.query<{ position: string }>(
    `select position from ${table} where projection = $1 and version = $2`,
    [projection, version],
  );
  return Number(rows[0]?.position ?? 0);
}

/**
 * A lease as another process sees it. A renewal that comes late, because the database is slow, may
 * be expired when it is committed. So a lease counts as given up only if it has not changed between
 * two tries. Its holder has the time between them for its next statement.
 */
type Lease = {
  readonly holder: string | null;
  /** As text: a Date has no microseconds. */
  readonly until: string;
  readonly isExpired: boolean;
};

function isSame(lease: Lease, before: Lease | undefined): boolean {
  return lease.holder === before?.holder && lease.until === before.until;
}

/**
 * A lease that ends later than a whole lease from now was given by another clock: of a primary that
 * was ahead before this one was promoted. It counts as expired.
 */
async function readLease(
  pool: Pool,
  { projection, version, leaseMs, table = TABLE }: CheckpointOwner,
): Promise<Lease> {
  const { rows } = await pool.query<Lease>(
    `select holder, lease_until::text as until,
       lease_until < now() or lease_until > now() + $3 * interval '1 millisecond' as "isExpired"
     from ${table} where projection = $1 and version = $2`,
    [projection, version, leaseMs],
  );
  const lease = rows[0];
  if (lease === undefined) throw new Fault('the projection has no checkpoint');
  return lease;
}

/**
 * Takes the lease in one compare-and-set. It does not wait for a row that is locked: the holder is
 * at work then, or frozen.
 */
async function takeLease(
  pool: Pool,
  { projection, version, holder, leaseMs, table = TABLE }: CheckpointOwner,
  { holder: before, until }: Lease,
): Promise<number | undefined> {
  const { rows } = await pool.query<{ position: string }>(
    `update ${table}
     set holder = $3, lease_until = now() + $4 * interval '1 millisecond'
     where (projection, version) = (
       select projection, version from ${table}
       where projection = $1 and version = $2
         and holder is not distinct from $5 and lease_until = $6::timestamptz
       for update skip locked
     )
     returning position`,
    [projection, version, holder, leaseMs, before, until],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].position);
}

/**
 * Ends the connection whose transaction keeps an expired lease locked and waits for its process:
 * for a statement, or until it takes the rows of an answer that is larger than the buffers between
 * them. A process that is frozen then would keep the lock for ever. A slow statement does not wait
 * for its process, so it is never ended. `xmax` is the transaction that has locked the row.
 */
async function endFrozen(
  pool: Pool,
  { projection, version, table = TABLE }: CheckpointOwner,
  { until }: Lease,
): Promise<void> {
  await pool.query(
    `select pg_terminate_backend(activity.pid)
     from ${table} stored
     join pg_locks held on held.locktype = 'transactionid' and held.transactionid = stored.xmax
     join pg_stat_activity activity on activity.pid = held.pid
     where stored.projection = $1 and stored.version = $2 and stored.lease_until = $3::timestamptz
       and held.granted and activity.wait_event_type = 'Client'`,
    [projection, version, until],
  );
}

/**
 * The new end counts from when the row is free. A renewal may wait for a batch that takes longer
 * than the lease, and must not be expired right after it. A checkpoint before the position is that of
 * a database that has lost what it had confirmed: the holder then starts again from there.
 */
async function renewLease(pool: Pool, owner: CheckpointOwner, atLeast: number): Promise<boolean> {
  const { table = TABLE } = owner;
  const { rowCount } = await pool.query(
    `update ${table}
     set lease_until = clock_timestamp() + $4 * interval '1 millisecond'
     where projection = $1 and version = $2 and holder = $3 and position >= $5`,
    [owner.projection, owner.version, owner.holder, owner.leaseMs, atLeast],
  );
  return rowCount === 1;
}

async function releaseLease(pool: Pool, owner: CheckpointOwner): Promise<void> {
  const { table = TABLE } = owner;
  await pool.query(
    `update ${table}
     set holder = null, lease_until = '-infinity'
     where projection = $1 and version = $2 and holder = $3`,
    [owner.projection, owner.version, owner.holder],
  );
}
