import { type Pool, readModelsSchema, Fault } from '@zameni/runtime';

/** Two versions of the read models: the one that readers see, and the one that was built. */
export type Compared = { readonly live: number; readonly built: number };

/** A table that both versions have, and what of it is compared. */
export type ComparedTable = {
  readonly name: string;
  /** Columns of the primary key. Rows are read in ranges of the first one. */
  readonly key: readonly string[];
  /** Columns that both versions have. */
  readonly columns: readonly string[];
  /** Columns that only one version has. */
  readonly newColumns: readonly string[];
};

/** A row that is not the same in both versions. */
export type RowDifference = {
  /** The values of the primary key, separated by spaces. */
  readonly key: string;
  readonly only: 'live' | 'built' | null;
  /** Columns with another value, if both versions have the row. */
  readonly columns: readonly string[];
  /** Position of the row in each version; null without such a column or row. */
  readonly positions: readonly (number | null)[];
};

/** Rows compared in one snapshot, with the checkpoints of both versions in it. */
export type RowsComparison = {
  readonly rows: number;
  /** Rows that differ. Only some of them are in `differences`. */
  readonly differing: number;
  readonly differences: readonly RowDifference[];
  readonly positions: Readonly<Record<keyof Compared, number>>;
};

/** Rows of a table: those in (`after`, `to`] of the first key column, or those with the keys. */
export type Rows =
  | { readonly after: string | null; readonly to: string | null }
  | { readonly keys: readonly string[] };

/** Reads what differs between two versions. */
export type CompareStore = {
  readonly readTables: () => Promise<readonly ComparedTable[]>;
  /** The end of the range that begins after a value; null if it is the last one. */
  readonly readRangeEnd: (table: ComparedTable, after: string | null) => Promise<string | null>;
  readonly compare: (table: ComparedTable, rows: Rows) => Promise<RowsComparison>;
  readonly readPositions: () => Promise<RowsComparison['positions']>;
  /** Subjects that are parked in one version only, and how many are parked in either. */
  readonly readParked: () => Promise<ParkedComparison>;
};

/** Parked subjects of two versions. */
export type ParkedComparison = {
  readonly count: number;
  readonly onlyLive: readonly string[];
  readonly onlyBuilt: readonly string[];
};

/** Rows that one statement compares: some 50 ms of Postgres. */
const RANGE_ROWS = 10_000;

/** Rows that differ in one answer. If there are more, the code has changed. */
export const MAX_DIFFERENCES = 1_000;

/**
 * Rows that are not compared. The log loses expired attempts, each version removes them when it
 * likes, and the last minutes are still counted.
 */
const COMPARED_ROWS: Readonly<Record<string, string>> = {
  attempts: 'expires_at > now()',
  registration_stats: `minute < now() - interval '2 minutes'`,
};

/** Compares two versions in one Postgres, so many rows at a time. */
export function createCompareStore(
  pool: Pool,
  compared: Compared,
  { rangeRows = RANGE_ROWS }: { readonly rangeRows?: number } = {},
): CompareStore {
  const [live, built] = [readModelsSchema(compared.live), readModelsSchema(compared.built)];
  return {
    readTables: () => readTables(pool, live, built),
    readRangeEnd: async ({ name, key }, after) => {
      const first = key[0] ?? '';
      const { rows } = await pool.query<{ last: string | null }>(
        `select ${first}::text as last from ${live}.${name}
         where ${after === null ? 'true' : `${first} > $2`}
         order by ${first} offset $1 limit 1`,
        [rangeRows - 1, ...(after === null ? [] : [after])],
      );
      return rows[0]?.last ?? null;
    },
    compare: async (table, selected) => {
      const { where, values } = toCondition(table, selected);
      const sql = toCompareSql(table, { live, built, where });
      const { rows } = await pool.query<Row>(sql, [compared.live, compared.built, ...values]);
      const [row] = rows;
      if (row === undefined) throw new Fault('a version has no checkpoint');
      return {
        rows: Number(row.rows),
        differing: Number(row.differing),
        differences: row.differences,
        positions: { live: Number(row.live), built: Number(row.built) },
      };
    },
    readPositions: async () => {
      const { rows } = await pool.query<Positions>(`select ${POSITIONS}`, [
        compared.live,
        compared.built,
      ]);
      return { live: Number(rows[0]?.live), built: Number(rows[0]?.built) };
    },
    readParked: async () => {
      const { rows } = await pool.query<{ subject: string; versions: number[] }>(
        `select subject, array_agg(version) as versions from zameni.parked
         where projection = 'accounts' and version in ($1, $2) group by subject order by subject`,
        [compared.live, compared.built],
      );
      const onlyIn = (version: number) =>
        rows.flatMap(({ subject, versions }) =>
          versions.length === 1 && versions[0] === version ? [subject] : [],
        );
      return {
        count: rows.length,
        onlyLive: onlyIn(compared.live),
        onlyBuilt: onlyIn(compared.built),
      };
    },
  };
}

type Positions = { readonly live: string; readonly built: string };
type Row = Positions & {
  readonly rows: string;
  readonly differing: string;
  readonly differences: readonly RowDifference[];
};

const POSITIONS = ['live', 'built']
  .map(
    (which, index) => `(
      select position from zameni.checkpoints
      where projection = 'accounts' and version = $${index + 1}
    ) as ${which}`,
  )
  .join(', ');

/** Reads the tables of both schemas, with their columns and primary keys. */
async function readTables(
  pool: Pool,
  live: string,
  built: string,
): Promise<readonly ComparedTable[]> {
  const { rows } = await pool.query<ComparedTable>(
    `with columns as (
       select c.table_name, c.column_name::text, count(*) as versions, min(c.ordinal_position) as place
       from information_schema.columns c
       join pg_tables t on t.schemaname = c.table_schema and t.tablename = c.table_name
       where c.table_schema in ($1, $2)
       group by c.table_name, c.column_name
     )
     select t.tablename::text as name,
       array(
         select a.attname::text
         from pg_index i
         cross join unnest(i.indkey) with ordinality as k (number, place)
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
         where i.indrelid = format('%I.%I', $1::text, t.tablename)::regclass and i.indisprimary
         order by k.place
       ) as key,
       array(
         select column_name from columns c
         where c.table_name = t.tablename and c.versions = 2 order by c.place
       ) as columns,
       array(
         select column_name from columns c
         where c.table_name = t.tablename and c.versions = 1 order by c.place
       ) as "newColumns"
     from pg_tables t
     join pg_tables other on other.schemaname = $2 and other.tablename = t.tablename
     where t.schemaname = $1
     order by t.tablename`,
    [live, built],
  );
  return rows;
}

function toKeyText({ key }: ComparedTable): string {
  return `concat_ws(' ', ${key.join(', ')})`;
}

/** The condition for rows of the table `t`. Its parameters begin with the third one. */
function toCondition(
  table: ComparedTable,
  rows: Rows,
): { readonly where: string; readonly values: readonly unknown[] } {
  const compared = COMPARED_ROWS[table.name] ?? 'true';
  if ('keys' in rows) {
    const where = `${compared} and ${toKeyText(table)} = any($3::text[])`;
    return { where, values: [rows.keys] };
  }
  const first = table.key[0] ?? '';
  const { after, to } = rows;
  const bounds = [
    ...(after === null ? [] : [{ operator: '>', value: after }]),
    ...(to === null ? [] : [{ operator: '<=', value: to }]),
  ];
  const conditions = bounds.map(({ operator }, index) => `${first} ${operator} $${index + 3}`);
  return {
    where: [compared, ...conditions].join(' and '),
    values: bounds.map(({ value }) => value),
  };
}

function toCompareSql(
  table: ComparedTable,
  { live, built, where }: { readonly live: string; readonly built: string; readonly where: string },
): string {
  const { name, columns } = table;
  const key = toKeyText(table);
  const listOf = (alias: string) => columns.map((column) => `${alias}.${column}`).join(', ');
  const differing = columns
    .map((column) => `case when a.${column} is distinct from b.${column} then '${column}' end`)
    .join(', ');
  const position = (alias: string) => (columns.includes('position') ? `${alias}.position` : 'null');
  return `
    with a as (
      select ${key} as compared_key, t.* from ${live}.${name} t where ${where}
    ), b as (
      select ${key} as compared_key, t.* from ${built}.${name} t where ${where}
    ), joined as (
      select coalesce(a.compared_key, b.compared_key) as key,
        case when a.compared_key is null then 'built' when b.compared_key is null then 'live' end as only_in,
        array_remove(array[${differing}], null) as columns,
        jsonb_build_array(${position('a')}, ${position('b')}) as positions,
        (${listOf('a')}) is distinct from (${listOf('b')}) as differs
      from a full join b on b.compared_key = a.compared_key
    )
    select ${POSITIONS}, (select count(*) from joined) as rows,
      (select count(*) from joined where differs) as differing,
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'key', key, 'only', only_in, 'positions', positions,
          'columns', case when only_in is null then to_jsonb(columns) else '[]' end
        )) from (select * from joined where differs limit ${MAX_DIFFERENCES}) first_ones
      ), '[]') as differences`;
}
