import { createLogger, createPool, readSecret } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { SERVER_CATALOG } from '../../../deploy/local/install/server-catalog.ts';
import { isAtLeast, readVersion } from '../../../deploy/local/install/version.ts';
import { type Check, check, type Finding } from './report.ts';

type Row = Readonly<Record<string, unknown>>;

/** Bytes that the replica may lag without a warning: one segment of the write-ahead log. */
const GOOD_LAG_BYTES = 16 * 1024 * 1024;

const SERVER_SQL = `
  select current_setting('server_version') as version, pg_is_in_recovery() as is_replica,
    current_setting('fsync') as fsync,
    extract(epoch from clock_timestamp())::float8 * 1000 as now_ms`;

const REPLICATION_SQL = `
  select state, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 as lag_bytes,
    coalesce(extract(epoch from replay_lag), 0)::float8 as lag_seconds
  from pg_stat_replication`;

/** Checks Postgres, directly and through PgBouncer, and its replication. */
export function checkDatabase(stack: Stack): Promise<Check>[] {
  const { postgres, pgbouncer, folders } = stack;
  const { primary, replica, superuser, query, database } = postgres;
  const poolUrl = (name: string) => `${query.user}@${pgbouncer.host}:${pgbouncer.port}/${name}`;
  const serverUrl = (server: typeof primary) =>
    `${superuser.user}@${server.host}:${server.port}/${database}`;
  const one = (name: string, log: string, look: () => Promise<Finding>) =>
    check({
      area: 'database',
      name,
      remedy: `tail -n 30 ${folders.logs}/${log}.log; stop npm start with Ctrl-C and run it again`,
      look,
    });
  const ask = (url: string, login: typeof superuser, sql: string) => queryOnce(url, login, sql);
  return [
    one('postgres-primary', 'postgres-primary', async () =>
      judgeServer(await ask(serverUrl(primary), superuser, SERVER_SQL), false, Date.now()),
    ),
    one('postgres-replica', 'postgres-replica', async () =>
      judgeServer(await ask(serverUrl(replica), superuser, SERVER_SQL), true, Date.now()),
    ),
    one('replication', 'postgres-replica', async () =>
      judgeReplication(await ask(serverUrl(primary), superuser, REPLICATION_SQL)),
    ),
    one('pgbouncer', 'pgbouncer', async () => {
      const { admin, primaryDatabase, replicaDatabase } = pgbouncer;
      const adminUrl = `${admin.user}@${pgbouncer.host}:${pgbouncer.port}/pgbouncer`;
      const [version, rw, ro] = await Promise.all([
        ask(adminUrl, admin, 'show version'),
        ask(poolUrl(primaryDatabase), query, 'select pg_is_in_recovery() as is_replica'),
        ask(poolUrl(replicaDatabase), query, 'select pg_is_in_recovery() as is_replica'),
      ]);
      return judgePool(String(version[0]?.['version']), rw[0], ro[0]);
    }),
  ];
}

const RESTART = 'stop npm start with Ctrl-C and run it again';
/** The tolerance of token validation, which is the strictest use of the clock. */
const MAX_SKEW_MS = 5_000;

/** Judges the report of a Postgres server. */
export function judgeServer([row]: readonly Row[], isReplica: boolean, nowMs: number): Finding {
  const version = readVersion(String(row?.['version'])) ?? 'unknown';
  const { minimumVersion } = SERVER_CATALOG.postgres;
  const fault = (found: string, remedy: string) => ({ level: 'fail' as const, found, remedy });
  if (!isAtLeast(version, minimumVersion)) {
    return fault(`${version}, and ${minimumVersion} is needed`, 'sudo apt-get install postgresql');
  }
  if (row?.['is_replica'] !== isReplica) {
    return fault(isReplica ? 'is not a replica' : 'is a replica', 'npm start -- --fresh');
  }
  if (row['fsync'] !== 'on') return fault('runs without fsync', RESTART);
  const skewMs = Math.abs(Number(row['now_ms']) - nowMs);
  if (skewMs > MAX_SKEW_MS) {
    return fault(
      `its clock is ${Math.round(skewMs / 1_000)} s off`,
      'sudo timedatectl set-ntp true',
    );
  }
  return `${version}, ${isReplica ? 'read-only' : 'read-write'}`;
}

/** Judges the primary's report on its replica. */
export function judgeReplication([row]: readonly Row[]): Finding {
  const remedy = 'reads use the primary until then; stop npm start with Ctrl-C and run it again';
  if (row === undefined) return { level: 'fail', found: 'no replica is connected', remedy };
  const lagBytes = Number(row['lag_bytes'] ?? 0);
  const lagSeconds = Number(row['lag_seconds']).toFixed(1);
  const found = `${String(row['state'])}, ${lagSeconds} s and ${lagBytes} bytes behind`;
  if (row['state'] !== 'streaming' || lagBytes > GOOD_LAG_BYTES) {
    return { level: 'warn', found, remedy: 'wait; if it stays so, check the load of the disk' };
  }
  return found;
}

/** Judges the version of PgBouncer, and whether each database leads to the right server. */
export function judgePool(text: string, rw: Row | undefined, ro: Row | undefined): Finding {
  const version = readVersion(text) ?? 'unknown';
  const { minimumVersion } = SERVER_CATALOG.pgbouncer;
  if (!isAtLeast(version, minimumVersion)) {
    const found = `${version}, and ${minimumVersion} is needed`;
    return { level: 'fail', found, remedy: 'sudo apt-get install pgbouncer' };
  }
  if (rw?.['is_replica'] !== false || ro?.['is_replica'] !== true) {
    return { level: 'fail', found: 'leads to the wrong server', remedy: RESTART };
  }
  return `${version}, leads to primary and replica`;
}

async function queryOnce(
  url: string,
  login: { readonly passwordFile: string },
  sql: string,
): Promise<readonly Row[]> {
  const pool = createPool({
    url: `postgres://${url}`,
    password: readSecret(login.passwordFile),
    max: 1,
    name: 'zameni doctor',
    logger: createLogger({ service: 'cli', instance: 'doctor', level: 'silent' }),
  });
  try {
    const { rows } = await pool.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await pool.end();
  }
}
