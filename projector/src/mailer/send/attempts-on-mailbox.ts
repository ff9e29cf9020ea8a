import type { Pool } from '@zameni/runtime';

/** Finds attempts in the read model, because the log has no order by mailbox. */
export type OpenAttempts = {
  /**
   * The newest open attempt on a mailbox. Throws NotCoveredError if the read model does not cover
   * the position yet.
   */
  readonly findNewest: (
    mailbox: string,
    position: number,
  ) => Promise<{ readonly id: string; readonly position: number } | undefined>;
};

/** The read model has not reached the record that asks for a mail. */
export class NotCoveredError extends Error {
  override readonly name = 'NotCoveredError';
}

/** Reads the live version of the read model. One statement: rows and checkpoint are of one snapshot. */
export function createOpenAttempts(pool: Pool): OpenAttempts {
  return {
    findNewest: async (mailbox, position) => {
      const { rows } = await pool.query<{ covered: string; id: string | null; at: string | null }>(
        `select c.position as covered, a.attempt_id as id, a.position as at
         from accounts.checkpoint c
         left join lateral (
           select attempt_id, position from accounts.attempts
           where claim = $1 and state = 'open' and expires_at > now()
           order by position desc limit 1
         ) a on true`,
        [mailbox],
      );
      const [row] = rows;
      if (row === undefined || Number(row.covered) < position) {
        throw new NotCoveredError('the read model does not cover the wish yet');
      }
      return row.id === null ? undefined : { id: row.id, position: Number(row.at) };
    },
  };
}
