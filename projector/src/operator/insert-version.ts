import { join } from 'node:path';
import { READ_MODELS, type ReadModel } from '@zameni/contracts';
import { AppError, type Pool, readModelsSql, Fault } from '@zameni/runtime';

const DIRECTORY = join(import.meta.dirname, '../../read-models');

const UNIQUE_VIOLATION = '23505';

/** The tables that are filled if a read model is selected. Any other table is copied. */
const TABLES_OF: Readonly<Record<ReadModel, readonly string[]>> = {
  users: ['users', 'address_owner'],
  attempts: ['attempts'],
  registration_stats: ['registration_stats'],
};

/**
 * Creates the schema, the checkpoint and the row of the next version in one transaction, and returns
 * its number. None is used twice, because ETags and cache keys name it. Throws `rebuild-state` if
 * another version is built, or if copies of what is not selected would be incomplete.
 */
export async function insertVersion(pool: Pool, selected: readonly ReadModel[]): Promise<number> {
  const client = await pool.connect();
  // The query reports the loss of its connection; without a listener it would end the process.
  client.on('error', () => undefined);
  let isClean = false;
  try {
    await client.query('begin');
    const version = await nextVersion(client);
    await client.query(readModelsSql(DIRECTORY, version));
    await client.query(
      `insert into zameni.read_models (version, state, selected) values ($1, 'building', $2)`,
      [version, selected],
    );
    if (selected.length < READ_MODELS.length) await refuseCopies(client, version, selected);
    await client.query('commit');
    isClean = true;
    return version;
  } catch (error) {
    if (hasSqlState(error, UNIQUE_VIOLATION)) {
      throw new AppError('rebuild-state', { detail: 'A rebuild is under way', cause: error });
    }
    throw error;
  } finally {
    if (!isClean) {
      isClean = await client.query('rollback').then(
        () => true,
        () => false,
      );
    }
    client.release(!isClean);
  }
}

/** Tells whether an error of Postgres has an SQLSTATE. */
export function hasSqlState(error: unknown, state: string): boolean {
  return error instanceof Error && 'code' in error && error.code === state;
}

async function nextVersion(client: Pick<Pool, 'query'>): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `select nextval('zameni.read_models_version')::integer as version`,
  );
  const [row] = rows;
  if (row === undefined) throw new Fault('the sequence of versions has no number');
  return row.version;
}

/**
 * Copies must be complete: what is parked in the live version is in no copy. A table is copied
 * column by column in their order, so the order must be the same, not only the names and types.
 */
async function refuseCopies(
  client: Pick<Pool, 'query'>,
  version: number,
  selected: readonly ReadModel[],
): Promise<void> {
  const { rows } = await client.query<{ parked: boolean; tables: string[] }>(
    `select
       exists (select from accounts.parked) as parked,
       array(
         select name from (
           select c.table_name::text as name, m.version,
             array_agg(c.column_name || ' ' || c.data_type order by c.ordinal_position) as columns
           from information_schema.columns c
           join zameni.read_models m on c.table_schema = 'accounts_v' || m.version
           where m.state = 'live' or m.version = $1
           group by 1, 2
         ) tables
         where name <> all ($2::text[])
         group by name having count(*) = 1 or min(columns) <> max(columns)
         order by name
       ) as tables`,
    [version, selected.flatMap((name) => TABLES_OF[name])],
  );
  const [row] = rows;
  if (row?.parked === true) {
    throw new AppError('rebuild-state', {
      detail: 'Something is parked, so only a rebuild of all read models is complete',
    });
  }
  const tables = row?.tables ?? [];
  if (tables.length > 0) {
    throw new AppError('rebuild-state', {
      detail: `Other columns in ${tables.join(', ')}: select its read model, or all`,
    });
  }
}
