import type { Pool } from '@zameni/runtime';

/** Erasures that one of the stores has not done yet. */
export type ErasuresUnderWay = { readonly count: number; readonly oldestSeconds: number };

/** The condition of the index `erasures_under_way`, word for word. */
const IS_UNDER_WAY = `read_model_at is null or cache_at is null or key_at is null
  or claims_at is null or log_servers_behind <> '{}'`;

/** Counts erasures that are under way, and says how old the oldest is; 0 if there is none. */
export async function readErasuresUnderWay(pool: Pick<Pool, 'query'>): Promise<ErasuresUnderWay> {
  const { rows } = await pool.query<ErasuresUnderWay>(
    `select count(*)::integer as count,
       greatest(coalesce(extract(epoch from now() - min(requested_at)), 0), 0)::float8
         as "oldestSeconds"
     from zameni.erasures where ${IS_UNDER_WAY}`,
  );
  return rows[0] ?? { count: 0, oldestSeconds: 0 };
}
