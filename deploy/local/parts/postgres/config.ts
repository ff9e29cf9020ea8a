/** Settings of a Postgres server. */
export type PostgresServer = {
  readonly port: number;
  readonly clusterName: string;
  readonly hbaFile: string;
  /** Set on the replica: how it reaches the primary. */
  readonly primary?: { readonly port: number; readonly passFile: string; readonly slot: string };
};

/** The role that copies the primary to the replica. */
export const REPLICATION_ROLE = 'zameni_replication';

/** Writes the configuration of the primary or of the replica. */
export function postgresConfig({ port, clusterName, hbaFile, primary }: PostgresServer): string {
  const replica = primary === undefined ? '' : replicaSettings(clusterName, primary);
  return `listen_addresses = '127.0.0.1'
port = ${port}
# TCP only: a socket path may have 107 bytes, and the path of a repository may be longer.
unix_socket_directories = ''
hba_file = ${quote(hbaFile)}
cluster_name = '${clusterName}'
password_encryption = scram-sha-256
max_connections = 100
# Also connections without a login count. A client logs in at once, or gives up after 2 s.
authentication_timeout = 5s
shared_buffers = 64MB
wal_level = replica
max_wal_senders = 10
max_wal_size = 512MB
# A replica that is away longer is copied anew: it must not fill the disk of the primary.
max_slot_wal_keep_size = 4GB
# A reused segment keeps the bytes of erased people. A new one is all zeros.
wal_recycle = off
wal_init_zero = on
hot_standby = on
logging_collector = off
log_destination = stderr
# Details, context and statements can hold row values.
log_error_verbosity = terse
log_min_error_statement = panic
log_timezone = 'UTC'
timezone = 'UTC'
${replica}`;
}

/** Access rules: every user by password, over loopback only. */
export const POSTGRES_HBA = `host all all 127.0.0.1/32 scram-sha-256
host replication ${REPLICATION_ROLE} 127.0.0.1/32 scram-sha-256
`;

/**
 * Writes a password file. Colons and backslashes would need escapes, but these passwords have none.
 */
export function postgresPassFile(user: string, password: string): string {
  return `127.0.0.1:*:*:${user}:${password}\n`;
}

function replicaSettings(
  clusterName: string,
  { port, passFile, slot }: NonNullable<PostgresServer['primary']>,
): string {
  const passfile = passFile.replaceAll(/['\\]/g, '\\$&');
  const connection = `host=127.0.0.1 port=${port} user=${REPLICATION_ROLE} passfile='${passfile}' application_name=${clusterName}`;
  return `primary_conninfo = ${quote(connection)}
primary_slot_name = '${slot}'
hot_standby_feedback = on
# A switch of the read models waits for queries of the replica, and other readers wait behind it.
max_standby_streaming_delay = 5s
# Bounds how long a rewrite of the primary's tables waits for old snapshots of the replica.
wal_receiver_status_interval = 1s
`;
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '$&$&')}'`;
}
