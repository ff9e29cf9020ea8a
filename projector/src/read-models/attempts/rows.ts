import { type Pool, readModelsSchema } from '@zameni/runtime';

/**
 * A row of `attempts`. It holds nothing of the data of the request, which stays sealed.
 * `open` awaits proof until its instant; `void` seems to await it, after an erasure of its address;
 * `registered` was closed by proof; `gone` was closed otherwise or by an erasure.
 */
export type AttemptRow = {
  readonly attemptId: string;
  /**
   * The digest of the address, while proof is possible. A void attempt keeps it until the eraser
   * has deleted it from the log: the eraser finds the attempt by it.
   */
  readonly claim: string | null;
  /** The position of the last record in the row. */
  readonly position: number;
  readonly expiresAt: string;
  readonly state: 'open' | 'void' | 'registered' | 'gone';
  /** The account that the proof created or confirmed. */
  readonly userId: string | null;
};

/** The rows of attempts, as housekeeping needs them. */
export type AttemptStore = {
  /** Removes some attempts that expired long ago; returns whether there may be more. */
  readonly removeExpired: () => Promise<boolean>;
  /** Counts the attempts that await proof and stores the number, if the version is live. */
  readonly countLive: () => Promise<void>;
};

/** Attempts removed by one statement. */
const MAX_REMOVED = 1_000;

/**
 * Hours that a row outlives its attempt. It is longer than the record in the log does, so no replay
 * restores a removed row. A read that is repeated still gets the answer that nothing is there.
 */
const HOURS_KEPT = 2;

/** The rows of attempts of one version of the read models in Postgres. */
export function createAttemptStore(pool: Pool, version: number): AttemptStore {
  const attempts = `${readModelsSchema(version)}.attempts`;
  return {
    removeExpired: async () => {
      const { rowCount } = await pool.query(
        `delete from ${attempts}
         where attempt_id = any(array(
           select attempt_id from ${attempts}
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
           select count(*) from ${attempts} where expires_at > now() and state = 'open'
         )
         where (select state from zameni.read_models where version = $1) = 'live'`,
        [version],
      );
    },
  };
}
