import type { PoolConsole } from '@zameni/runtime/pool-console';
import { type Static, type TObject, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Collect, type Figure, measure } from './exposition.ts';

/** PgBouncer sends its numbers as text. */
const Numeral = Type.String({ pattern: '^\\d{1,20}$' });

/** The part of `show pools` that is read. */
const PoolRow = Type.Object({
  database: Type.String(),
  user: Type.String(),
  cl_active: Numeral,
  cl_waiting: Numeral,
  sv_active: Numeral,
  sv_idle: Numeral,
  maxwait: Numeral,
  maxwait_us: Numeral,
});

/** The part of `show databases` that is read. */
const DatabaseRow = Type.Object({
  name: Type.String(),
  pool_size: Numeral,
  current_connections: Numeral,
});

/** The part of `show stats` that is read. */
const StatsRow = Type.Object({
  database: Type.String(),
  total_xact_count: Numeral,
  total_query_count: Numeral,
  total_query_time: Numeral,
  total_wait_time: Numeral,
});

type PoolRow = Static<typeof PoolRow>;
type DatabaseRow = Static<typeof DatabaseRow>;
type StatsRow = Static<typeof StatsRow>;

const UP: readonly Figure<boolean>[] = [
  ['pgbouncer_up', 'gauge', 'Whether the console answered', (of) => (of ? 1 : 0)],
];

const OF_POOL: readonly Figure<PoolRow>[] = [
  [
    'pgbouncer_pool_clients_active',
    'gauge',
    'Clients with a connection of a server, or without a query',
    (of) => Number(of.cl_active),
  ],
  [
    'pgbouncer_pool_clients_waiting',
    'gauge',
    'Clients that wait for a connection of a server',
    (of) => Number(of.cl_waiting),
  ],
  [
    'pgbouncer_pool_servers_active',
    'gauge',
    'Connections of servers that a client uses',
    (of) => Number(of.sv_active),
  ],
  [
    'pgbouncer_pool_servers_idle',
    'gauge',
    'Connections of servers that no client uses',
    (of) => Number(of.sv_idle),
  ],
  [
    'pgbouncer_pool_max_wait_seconds',
    'gauge',
    'Wait of the client that waits longest',
    (of) => Number(of.maxwait) + Number(of.maxwait_us) / 1e6,
  ],
];

const OF_DATABASE: readonly Figure<DatabaseRow>[] = [
  [
    'pgbouncer_database_pool_size',
    'gauge',
    'Most connections of servers, for each user',
    (of) => Number(of.pool_size),
  ],
  [
    'pgbouncer_database_connections',
    'gauge',
    'Connections of servers, of all users',
    (of) => Number(of.current_connections),
  ],
];

const OF_STATS: readonly Figure<StatsRow>[] = [
  [
    'pgbouncer_transactions_total',
    'counter',
    'Transactions that were pooled',
    (of) => Number(of.total_xact_count),
  ],
  ['pgbouncer_queries_total', 'counter', 'Queries', (of) => Number(of.total_query_count)],
  [
    'pgbouncer_query_seconds_total',
    'counter',
    'Time of queries in servers',
    (of) => Number(of.total_query_time) / 1e6,
  ],
  [
    'pgbouncer_wait_seconds_total',
    'counter',
    'Time that clients waited for a connection of a server',
    (of) => Number(of.total_wait_time) / 1e6,
  ],
];

/** The name of the console itself, which is a database to PgBouncer. */
const OWN = 'pgbouncer';

/** Creates the collector of PgBouncer's pools. */
export function createPgbouncerCollector({ show }: Pick<PoolConsole, 'show'>): Collect {
  const readPools = rowReader(PoolRow);
  const readDatabases = rowReader(DatabaseRow);
  const readStats = rowReader(StatsRow);
  return async () => {
    try {
      const pools = readPools(await show('pools'));
      const databases = readDatabases(await show('databases'));
      const stats = readStats(await show('stats'));
      return [
        ...measure(UP, [{ of: true, labels: {} }]),
        ...measure(
          OF_POOL,
          pools
            .filter(({ database }) => database !== OWN)
            .map((of) => ({ of, labels: { database: of.database, user: of.user } })),
        ),
        ...measure(
          OF_DATABASE,
          databases
            .filter(({ name }) => name !== OWN)
            .map((of) => ({ of, labels: { database: of.name } })),
        ),
        ...measure(
          OF_STATS,
          stats
            .filter(({ database }) => database !== OWN)
            .map((of) => ({ of, labels: { database: of.database } })),
        ),
      ];
    } catch {
      return measure(UP, [{ of: false, labels: {} }]);
    }
  };
}

/** Throws a TypeError for rows without the columns that are read. */
function rowReader<T extends TObject>(row: T) {
  const check = Compile(Type.Array(row));
  return (rows: unknown): Static<T>[] => check.Parse(rows);
}
