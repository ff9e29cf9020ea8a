import pg from 'pg';
import type { Logger } from '../process/logger.ts';
import { measurePool } from './measured-pool.ts';
import { addPassword } from './url.ts';

export type { Pool } from 'pg';

/** How to reach Postgres through PgBouncer, and how many connections to use. */
export type PoolOptions = {
  /** URL without password. */
  readonly url: string;
  readonly password: string;
  /** Maximum number of connections of this process. */
  readonly max: number;
  /** Name of the process, which Postgres shows for its connections. */
  readonly name: string;
  /** What the pool is for, one of few short names. Without it the pool is not measured. */
  readonly purpose?: string;
  readonly logger: Logger;
  readonly queryDeadlineMs?: number;
};

/** Milliseconds until a query is cancelled. */
const QUERY_DEADLINE_MS = 5_000;
const CONNECT_DEADLINE_MS = 2_000;

/** Creates a pool for PgBouncer in transaction mode: no named statements, no session state. */
export function createPool({
  url,
  password,
  max,
  name,
  purpose,
  logger,
  queryDeadlineMs = QUERY_DEADLINE_MS,
}: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: addPassword(url, password),
    max,
    application_name: name,
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
    query_timeout: queryDeadlineMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  pool.on('error', (error) => logger.warn({ error }, 'idle postgres connection lost'));
  if (purpose !== undefined) {
    measurePool(pool, { name: purpose, namespace: new URL(url).pathname.slice(1) });
  }
  return pool;
}
