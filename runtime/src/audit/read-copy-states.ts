import type { Pool } from '../postgres/pool.ts';
import type { CopyJudgement, CopyStates } from './leader-trust.ts';

/** Reads what the auditor says of the servers of the log. */
export async function readCopyStates(pool: Pool): Promise<CopyStates> {
  const { rows } = await pool.query<CopyJudgement & { server: string }>(
    'select server, state, reason from zameni.log_servers',
  );
  return new Map(rows.map(({ server, state, reason }) => [server, { state, reason }]));
}
