import { scramSecretOf } from './scram-secret.ts';

/** Settings of the connection pool. */
export type PgbouncerServer = {
  readonly port: number;
  readonly primaryPort: number;
  readonly replicaPort: number;
  readonly userFile: string;
  /** Whether a user may read the pool's figures. */
  readonly hasStatsUser: boolean;
};

/** The database of all services. The pool has two names for it. */
export const DATABASE = 'zameni';
/** The pool's database on the primary. */
export const PRIMARY_DATABASE = 'zameni_rw';
/** The pool's database on the replica. */
export const REPLICA_DATABASE = 'zameni_ro';
/** The user of the pool's own console. */
export const PGBOUNCER_ADMIN = 'zameni_pgbouncer';

/** The user that may read the pool's figures and nothing else. */
export const PGBOUNCER_STATS = 'zameni_stats';

/** Writes the configuration of the connection pool. */
export function pgbouncerConfig(server: PgbouncerServer): string {
  return `[databases]
${PRIMARY_DATABASE} = host=127.0.0.1 port=${server.primaryPort} dbname=${DATABASE}
${REPLICA_DATABASE} = host=127.0.0.1 port=${server.replicaPort} dbname=${DATABASE}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${server.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${server.userFile}
admin_users = ${PGBOUNCER_ADMIN}
${server.hasStatsUser ? `stats_users = ${PGBOUNCER_STATS}\n` : ''}pool_mode = transaction
max_client_conn = 1000
# Also connections without a login count. A client logs in at once, or gives up after 2 s.
client_login_timeout = 5
default_pool_size = 20
# A longer wait would only keep queries whose callers have given up.
query_wait_timeout = 10
server_connect_timeout = 2
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
`;
}

/**
 * Writes the pool's list of users. It logs in to the servers with what a client proves when it logs
 * in to the pool, so that passwords are in no file of the pool.
 */
export function pgbouncerUsers(passwords: Readonly<Record<string, string>>): string {
  return Object.entries(passwords)
    .map(([user, password]) => `"${user}" "${scramSecretOf(user, password)}"\n`)
    .join('');
}
