import { ACCOUNTS_PROJECTION } from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import { type CheckpointOwner, createPostgresLeaseStore, readPosition } from './checkpoint.ts';
import type { AttemptsOnAddress, EraserStore, NotedErasure } from './eraser-store.ts';

/** Attempts found at once: others' deletions come in between. */
const MAX_FOUND = 100;

const { name: projection, version } = ACCOUNTS_PROJECTION;

/** The eraser's lease and marks in Postgres, for the process named by `owner`. */
export function createPostgresEraserStore(pool: Pool, owner: CheckpointOwner): EraserStore {
  return {
    ...createPostgresLeaseStore(pool, owner),
    noteErasure: (erasure) => noteErasure(pool, erasure),
    readCoveredPosition: () => readPosition(pool, { projection, version }),
    findAttempts: (which) => findAttempts(pool, which),
    removeAttempts: (ids, which) => removeAttempts(pool, ids, which),
  };
}

/**
 * The first time counts: an erasure that is done again was done then, and servers that are behind now
 * have missed nothing. What the event says of it the projection writes.
 */
async function noteErasure(
  pool: Pool,
  { userId, position, behind, isDone }: NotedErasure,
): Promise<void> {
  await pool.query(
    `insert into zameni.erasures as stored
       (user_id, position, requested_at, key_at, claims_at, log_servers_behind)
     select $1::uuid, $2::bigint, now(), done.at, done.at, $4::text[]
     from (select case when $3::boolean then now() end as at) done
     on conflict (user_id) do update set
       key_at = excluded.key_at, claims_at = excluded.claims_at,
       log_servers_behind = array(
         select distinct unnest(stored.log_servers_behind || excluded.log_servers_behind) order by 1
       )
     where stored.key_at is null`,
    [userId, position, isDone, behind],
  );
}

async function findAttempts(
  pool: Pool,
  { claim, before }: AttemptsOnAddress,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ attempt_id: string }>(
    `select attempt_id from accounts_v1.attempts
     where claim = $1 and position < $2 limit $3`,
    [claim, before, MAX_FOUND],
  );
  return rows.map((row) => row.attempt_id);
}

async function removeAttempts(
  pool: Pool,
  ids: readonly string[],
  { claim, before }: AttemptsOnAddress,
): Promise<void> {
  await pool.query(
    `delete from accounts_v1.attempts
     where attempt_id = any($1::uuid[]) and claim = $2 and position < $3`,
    [ids, claim, before],
  );
}
