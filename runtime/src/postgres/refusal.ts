import pg from 'pg';

/**
 * SQLSTATEs by which Postgres, or PgBouncer before it, says that it cannot serve now: connection,
 * resources, shutdown and start, input and output.
 */
const UNABLE = /^(?:$|08|53|57P|58)/;

/** Whether a database that serves refused this one statement, for example because of a missing right. */
export function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !UNABLE.test(error.code ?? '');
}
