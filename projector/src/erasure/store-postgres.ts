import { subjects } from '@zameni/contracts';
import { type Pool, Fault } from '@zameni/runtime';
import { type CheckpointOwner, createPostgresLeaseStore } from '../lease/store.ts';
import type {
  AttemptsOnAddress,
  EraserStore,
  FoundAttempts,
  NotedErasure,
  UnmarkedErasure,
} from './store.ts';

/** Attempts per query, so that other addresses get their turn in between. */
const MAX_FOUND = 64;

/** Erasures per look. Each one may cost a request to the log. */
const MAX_UNMARKED = 64;

/** Whether an erasure at position $2 ends an attempt. */
const IS_ENDED = `(position < $2 or state = 'void')`;

/** The eraser's lease and progress in Postgres, for the process that `owner` names. */
export function createPostgresEraserStore(pool: Pool, owner: CheckpointOwner): EraserStore {
  return {
    ...createPostgresLeaseStore(pool, owner),
    noteErasure: (erasure) => noteErasure(pool, erasure),
    findUnmarked: (after) => findUnmarked(pool, after),
    readCoveredPosition: () => readCoveredPosition(pool),
    findAttempts: (which) => findAttempts(pool, which),
    removeAttempt: (id, which) => removeAttempt(pool, id, which),
    clearClaim: (id, which) => clearClaim(pool, id, which),
  };
}

/**
 * The first instant counts. If an erasure is repeated, it was done at that instant, and servers
 * that are behind now have missed nothing. The projection writes the fields that come from the
 * event.
 */
async function noteErasure(
  pool: Pool,
  { userId, position, behind, isGone }: NotedErasure,
): Promise<void> {
  await pool.query(
    `insert into zameni.erasures as stored
       (user_id, position, requested_at, key_at, claims_at, log_servers_behind)
     select $1::uuid, $2::bigint, now(), case when $3 <> 'nothing' then now() end,
       case when $3 = 'all' then now() end, $4::text[]
     on conflict (user_id) do update set
       key_at = coalesce(stored.key_at, excluded.key_at), claims_at = excluded.claims_at,
       log_servers_behind = array(
         select distinct unnest(stored.log_servers_behind || excluded.log_servers_behind) order by 1
       )
     where stored.claims_at is null`,
    [userId, position, isGone, behind],
  );
}

/** Young ones are left out, because their deletion is under way. */
async function findUnmarked(pool: Pool, after: number): Promise<readonly UnmarkedErasure[]> {
  const { rows } = await pool.query<{ user_id: string; position: string }>(
    `select user_id, position from zameni.erasures
     where claims_at is null and position > $1 and read_model_at < now() - interval '10 seconds'
     order by position limit $2`,
    [after, MAX_UNMARKED],
  );
  return rows.map(({ user_id: userId, position }) => ({ userId, position: Number(position) }));
}

/**
 * The position up to which every version has every attempt. The checkpoint has passed records of
 * parked attempts that are not in the rows. A version that is built or kept counts attempts too, so
 * none may be deleted before it has read them. If no process has followed it for a minute, it does
 * not count: a dead version must not stop erasures.
 */
const COVERED = `least(
  c.position,
  (
    select min(p.position) - 1 from accounts.parked p
    where p.subject like '${subjects.attempt('%')}'
  ),
  (
    select min(o.position) from zameni.checkpoints o
    join zameni.read_models m on m.version = o.version
    where o.projection = 'accounts' and m.carried_position is not null and m.state <> 'dropped'
      and o.lease_until > now() - interval '1 minute'
  )
)`;

async function readCoveredPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ covered: string }>(
    `select ${COVERED} as covered from accounts.checkpoint c`,
  );
  return Number(rows[0]?.covered ?? 0);
}

/** Reads attempts and position from one snapshot, so that no covered attempt is missing. */
async function findAttempts(
  pool: Pool,
  { claim, before }: AttemptsOnAddress,
): Promise<FoundAttempts> {
  const { rows } = await pool.query<{ ids: string[]; covered: string }>(
    `select ${COVERED} as covered, array(
       select attempt_id::text from accounts.attempts
       where claim = $1 and ${IS_ENDED} limit $3
     ) as ids
     from accounts.checkpoint c`,
    [claim, before, MAX_FOUND],
  );
  const row = rows[0];
  if (row === undefined) throw new Fault('the read models have no checkpoint');
  return { ids: row.ids, covered: Number(row.covered) };
}

/** Removes an attempt from every version, so that none keeps the digest of its address. */
async function removeAttempt(
  pool: Pool,
  id: string,
  { claim, before }: AttemptsOnAddress,
): Promise<void> {
  await pool.query('select zameni.remove_attempt($1, $2, $3)', [id, claim, before]);
}

async function clearClaim(
  pool: Pool,
  id: string,
  { claim, before }: AttemptsOnAddress,
): Promise<void> {
  await pool.query('select zameni.clear_attempt_claim($1, $2, $3)', [id, claim, before]);
}
