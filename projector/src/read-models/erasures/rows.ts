import type { Pool } from '@zameni/runtime';

/** The columns of `zameni.erasures` that the event of an erasure sets. */
export type ErasureRow = {
  readonly userId: string;
  readonly position: number;
  readonly requestedAt: string;
  /** The `sub` that may read the progress; null when no caller requested the erasure. */
  readonly requestedBy: string | null;
};

/** An erasure that is in the rows. */
export type Erasure = Pick<ErasureRow, 'userId' | 'position'>;

/** Erasures written to the cache at once. */
const MAX_ERASURES = 500;

/**
 * The oldest erasures that the cache may not have. An erasure that is not projected yet is left for
 * later: its tombstone could expire before the row that it must keep out.
 */
export async function readErasuresNotInCache(pool: Pool): Promise<readonly Erasure[]> {
  const { rows } = await pool.query<{ user_id: string; position: string }>(
    `select user_id, position from zameni.erasures
     where cache_at is null and read_model_at is not null order by position limit $1`,
    [MAX_ERASURES],
  );
  return rows.map((row) => ({ userId: row.user_id, position: Number(row.position) }));
}

/**
 * Records that these people are erased from the cache. A version that applies the same erasures
 * locks their rows in the same order.
 */
export async function markErasedFromCache(pool: Pool, userIds: readonly string[]): Promise<void> {
  await pool.query(
    `update zameni.erasures set cache_at = now()
     where user_id = any(array(
       select user_id from zameni.erasures
       where user_id = any($1::uuid[]) and cache_at is null
       order by user_id for update
     ))`,
    [userIds],
  );
}
