import type { Pool } from '@zameni/runtime';
import { type CheckpointOwner, createPostgresLeaseStore } from './checkpoint.ts';
import type { EraserStore, NotedErasure } from './eraser-store.ts';

/** The eraser's lease and marks in Postgres, for the process named by `owner`. */
export function createPostgresEraserStore(pool: Pool, owner: CheckpointOwner): EraserStore {
  return {
    ...createPostgresLeaseStore(pool, owner),
    noteErasure: (erasure) => noteErasure(pool, erasure),
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
