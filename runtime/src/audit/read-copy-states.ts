import type { Pool } from '../postgres/pool.ts';
import type { CopyState, CopyStates } from './leader-trust.ts';

/** Reads what the auditor says of the servers of the log. */
export async function readCopyStates(pool: Pool): Promise<CopyStates> {
  const { rows } = await pool.query<{ server: string; state: CopyState }>(
    'select server, state from zameni.log_servers',
  );
  return new Map(rows.map(({ server, state }) => [server, state]));
}
