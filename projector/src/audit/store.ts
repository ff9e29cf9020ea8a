import type { CopyJudgement, Pool } from '@zameni/runtime';
import { type CheckpointOwner, createPostgresLeaseStore } from '../lease/store.ts';
import type { LeaseStore } from '../lease/work.ts';

/** A server of the log, as the auditor judged it. */
export type AuditedServer = CopyJudgement & {
  readonly server: string;
  /** Another one after each start of the server. */
  readonly serverId: string;
};

/** Keeps the auditor's lease and its judgements. */
export type AuditorStore = LeaseStore & {
  readonly readServers: () => Promise<readonly AuditedServer[]>;
  readonly writeServer: (server: AuditedServer) => Promise<void>;
};

/** The auditor's store in Postgres. */
export function createPostgresAuditorStore(pool: Pool, owner: CheckpointOwner): AuditorStore {
  return {
    ...createPostgresLeaseStore(pool, owner),
    readServers: async () => {
      const { rows } = await pool.query<AuditedServer>(
        'select server, server_id as "serverId", state, reason from zameni.log_servers',
      );
      return rows;
    },
    writeServer: (server) => writeServer(pool, server),
  };
}

async function writeServer(
  pool: Pool,
  { server, serverId, state, reason }: AuditedServer,
): Promise<void> {
  await pool.query(
    `insert into zameni.log_servers (server, server_id, state, reason)
     values ($1, $2, $3, $4)
     on conflict (server) do update set server_id = excluded.server_id, state = excluded.state,
       reason = excluded.reason, changed_at = now()`,
    [server, serverId, state, reason],
  );
}
