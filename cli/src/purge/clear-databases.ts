import { createLogger, createPool, delay, type Pool, readSecret } from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { CommandError } from '../framework/command.ts';

/** Called at the start of each step. */
export type ReportStep = (text: string) => void;

/** Milliseconds per statement. The time to rewrite a table depends on its size. */
const STATEMENT_DEADLINE_MS = 3_600_000;

/** Every version of the read models, and the ledger of mails. */
const SCHEMAS = '^(accounts_v[0-9]+|mailer)$';

/** Milliseconds for older transactions to finish and the replica to catch up. */
const WAIT_DEADLINE_MS = 60_000;
const LOOK_MS = 100;

/**
 * Removes the bytes of deleted rows from both databases. It rewrites the tables of every version of
 * the read models and of the mailer, and the statistics, which contain addresses, names and digests. Statistics are deleted
 * first, because analysing an empty table keeps its older ones. A rewrite keeps row versions that
 * an older transaction may see, so it waits for such transactions to end. A checkpoint removes
 * older write-ahead log after its segment is closed and the replica has it.
 */
export async function clearDatabases({ postgres }: Stack, reportStep: ReportStep): Promise<void> {
  await using primary = open(postgres, postgres.primary);
  await using replica = open(postgres, postgres.replica);
  await deleteStatistics(primary.pool);
  reportStep('waiting for older transactions');
  await untilNoOlderTransaction(primary.pool, await readTransactionId(primary.pool));
  reportStep('rewriting tables');
  const tables = await readTables(primary.pool);
  await primary.pool.query(`vacuum (full, analyze) ${tables.join(', ')}`);
  await primary.pool.query('vacuum (full) pg_catalog.pg_statistic');
  reportStep('closing the write-ahead log');
  const end = await closeLog(primary.pool);
  await until('the replica has not caught up', () => hasReplayed(replica.pool, end));
  await replica.pool.query('checkpoint');
  // Only now the primary keeps no older log for the replica.
  await closeLog(primary.pool);
}

/** Records in the erasures that a server of the log no longer holds erased bytes. */
export async function settleErasures({ postgres }: Stack, server: string): Promise<void> {
  await using primary = open(postgres, postgres.primary);
  await primary.pool.query(
    `update zameni.erasures set log_servers_behind = array_remove(log_servers_behind, $1)
     where $1 = any(log_servers_behind)`,
    [server],
  );
}

type Postgres = Stack['postgres'];

function open({ superuser, database }: Postgres, { host, port }: Postgres['primary']) {
  const pool = createPool({
    url: `postgres://${superuser.user}@${host}:${port}/${database}`,
    password: readSecret(superuser.passwordFile),
    max: 1,
    name: 'zameni purge',
    logger: createLogger({ service: 'cli', instance: 'purge', level: 'silent' }),
    queryDeadlineMs: STATEMENT_DEADLINE_MS,
  });
  return { pool, [Symbol.asyncDispose]: () => pool.end() };
}

async function readTransactionId(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>('select pg_current_xact_id()::xid as id');
  return rows[0]?.id ?? '';
}

/** Waits until no older transaction is open on the primary or, as it reports, on the replica. */
async function untilNoOlderTransaction(pool: Pool, id: string): Promise<void> {
  await until('an older transaction is still open', async () => {
    const { rowCount } = await pool.query(
      `select from (
         select backend_xmin as xmin from pg_stat_activity where pid <> pg_backend_pid()
         union all select xmin from pg_replication_slots
         union all select transaction from pg_prepared_xacts
       ) seen
       where age(xmin) > age($1::xid)`,
      [id],
    );
    return rowCount === 0;
  });
}

/**
 * Deletes the planner's statistics of these tables. The analysis that follows creates new ones.
 */
async function deleteStatistics(pool: Pool): Promise<void> {
  await pool.query(
    `delete from pg_catalog.pg_statistic
     where starelid in (
       select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname ~ '${SCHEMAS}'
     )`,
  );
}

async function readTables(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname ~ '${SCHEMAS}' order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Closes the current log segment, drops older ones, and returns the end of the log. */
async function closeLog(pool: Pool): Promise<string> {
  await pool.query('select pg_switch_wal()');
  await pool.query('checkpoint');
  const { rows } = await pool.query<{ end: string }>('select pg_current_wal_lsn() as end');
  return rows[0]?.end ?? '';
}

async function hasReplayed(pool: Pool, end: string): Promise<boolean> {
  const { rows } = await pool.query<{ has: boolean }>(
    'select pg_last_wal_replay_lsn() >= $1::pg_lsn as has',
    [end],
  );
  return rows[0]?.has === true;
}

async function until(fault: string, isMet: () => Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(WAIT_DEADLINE_MS);
  while (!(await isMet())) {
    await delay(LOOK_MS, signal).catch((cause: unknown) => {
      throw new CommandError('not-purged', fault, { cause });
    });
  }
}
