import pg from 'pg';

/** An error that Postgres answers, with its SQLSTATE. */
export function createDatabaseError(code?: string): Error {
  return Object.assign(new pg.DatabaseError('no', 2, 'error'), code === undefined ? {} : { code });
}
