import pg from 'pg';
import type { Logger } from '../process/logger.ts';
import { measurePool } from './measured-pool.ts';
import { addPassword } from './url.ts';
import { replaceMethod, watchCall } from './watch-calls.ts';

export type { Pool } from 'pg';

/** What takes queries of one statement: a pool, or what stands before it. */
export type Queries = {
  readonly query: <Row extends pg.QueryResultRow>(
    text: string,
    values?: unknown[],
  ) => Promise<pg.QueryResult<Row>>;
};

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
  /** Milliseconds until a query is cancelled; without it five seconds. */
  readonly queryDeadlineMs?: number;
  /** Milliseconds until a connection is given up, also while all are in use; without it two seconds. */
  readonly connectDeadlineMs?: number;
};

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
  connectDeadlineMs = CONNECT_DEADLINE_MS,
}: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: addPassword(url, password),
    max,
    application_name: name,
    connectionTimeoutMillis: connectDeadlineMs,
    query_timeout: queryDeadlineMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  pool.on('connect', endWhenUnanswered);
  pool.on('error', (error) => logger.warn({ error }, 'idle postgres connection lost'));
  if (purpose !== undefined) {
    measurePool(pool, { name: purpose, namespace: new URL(url).pathname.slice(1) });
  }
  return pool;
}

/**
 * Ends a connection when a query fails without an answer of the server: it was given up, or the
 * connection broke. The driver keeps such a connection, and the next query would wait behind the one
 * that was given up, or get its answer late.
 */
function endWhenUnanswered(client: pg.PoolClient): void {
  const end = (error?: unknown) => {
    if (error === undefined || error instanceof pg.DatabaseError) return;
    // A pool's client has the method of a client, which its type leaves out.
    if (client instanceof pg.Client) void client.end();
  };
  replaceMethod(
    client,
    'query',
    (query) =>
      (...args) =>
        watchCall(query, args, end),
  );
}
