import pg from 'pg';
import { addPassword } from './url.ts';

/** How to reach the console of PgBouncer. */
export type PoolConsoleOptions = {
  /** URL without password. Its database is `pgbouncer`. */
  readonly url: string;
  readonly password: string;
  readonly deadlineMs: number;
};

/** The console of PgBouncer. */
export type PoolConsole = AsyncDisposable & {
  /** Returns the rows of `show pools` and its like. Every value is text. */
  readonly show: (what: 'databases' | 'pools' | 'stats') => Promise<unknown>;
};

/** Opens the console at the first question, and again after it was lost. */
export function createPoolConsole(options: PoolConsoleOptions): PoolConsole {
  const { url, password, deadlineMs } = options;
  const pool = new pg.Pool({
    connectionString: addPassword(url, password),
    max: 1,
    application_name: 'exporter',
    connectionTimeoutMillis: deadlineMs,
    query_timeout: deadlineMs,
    // The console has statements of its own only.
    types: { getTypeParser: () => String },
  });
  // The next question reports a lost connection.
  pool.on('error', () => undefined);
  return {
    show: async (what) => (await pool.query(`show ${what}`)).rows,
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
