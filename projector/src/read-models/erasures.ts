import type { Pool } from '@zameni/runtime';
import type { Erasure } from './projection-store.ts';

/** Erasures written to the cache at once. */
const MAX_ERASURES = 500;

/**
 * The oldest erasures that the cache may not have. Those that are still to be projected come
 * later: a tombstone may live no longer than the row it keeps out.
 */
export async function readErasuresNotInCache(pool: Pool): Promise<readonly Erasure[]> {
  const { rows } = await pool.query<{ user_id: string; position: string }>(
    `select user_id, position from zameni.erasures
     where cache_at is null and read_model_at is not null order by position limit $1`,
    [MAX_ERASURES],
  );
  return rows.map((row) => ({ userId: row.user_id, position: Number(row.position) }));
}

/** Writes down that these people are erased from the cache. */
export async function markErasedFromCache(pool: Pool, userIds: readonly string[]): Promise<void> {
  await pool.query(
    `update zameni.erasures set cache_at = now()
     where user_id = any($1::uuid[]) and cache_at is null`,
    [userIds],
  );
}
