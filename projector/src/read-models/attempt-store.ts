import type { Pool } from '@zameni/runtime';

/** The rows of attempts in Postgres, as housekeeping and the eraser need them. */
export type AttemptStore = {
  /** Removes some attempts that expired long ago; answers whether there may be more. */
  readonly removeExpired: () => Promise<boolean>;
  /** Counts the attempts that await proof and writes the number down. */
  readonly countLive: () => Promise<void>;
};

/** Attempts removed by one statement. */
const MAX_REMOVED = 1_000;

/**
 * Hours that a row outlives its attempt: longer than the record in the log does, so that no replay
 * brings a removed row back, and a retry of a read is still told that there is nothing.
 */
const HOURS_KEPT = 2;

/** The rows of attempts of the live read model. */
export function createAttemptStore(pool: Pool): AttemptStore {
  return {
    removeExpired: async () => {
      const { rowCount } = await pool.query(
        `delete from accounts_v1.attempts
         where attempt_id = any(array(
           select attempt_id from accounts_v1.attempts
           where expires_at < now() - $1 * interval '1 hour'
           order by expires_at limit $2
         ))`,
        [HOURS_KEPT, MAX_REMOVED],
      );
      return rowCount === MAX_REMOVED;
    },
    countLive: async () => {
      await pool.query(
        `update zameni.room set counted_at = now(), live_attempts = (
           select count(*) from accounts_v1.attempts where expires_at > now() and state = 'open'
         )`,
      );
    },
  };
}
