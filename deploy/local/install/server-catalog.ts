/** A server program of the stack, and where each system gets it from. */
export type ServerEntry = {
  readonly program: string;
  readonly minimumVersion: string;
  readonly versionArgument: '--version' | '-v';
  /** Programs that must be in the same folder. */
  readonly companions: readonly string[];
  /** Folders that are often not on PATH. `*` stands for any version, the newest first. */
  readonly folders: readonly string[];
  readonly aptPackage: string;
  /** Null if Homebrew has none. */
  readonly brewFormula: string | null;
};

/** The names of the server programs that every stack needs. */
export const SERVER_NAMES = ['nats', 'postgres', 'pgbouncer', 'redis', 'haproxy'] as const;

/** The names of the server programs that watch a stack. They are looked for only on request. */
export const WATCHER_NAMES = ['prometheus', 'postgresExporter', 'redisExporter'] as const;

/** What a stack can also be watched without, because Homebrew does not have it. */
export const DISPENSABLE: ReadonlySet<ServerName> = new Set(['postgresExporter', 'redisExporter']);

/** The name of a server program that every stack needs. */
export type NeededName = (typeof SERVER_NAMES)[number];

/** The name of a server program that watches a stack. */
export type WatcherName = (typeof WATCHER_NAMES)[number];

/** The name of a server program. */
export type ServerName = NeededName | WatcherName;

const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin', '/opt/homebrew/sbin'];

/** Every server program. */
export const SERVER_CATALOG: Readonly<Record<ServerName, ServerEntry>> = {
  nats: {
    program: 'nats-server',
    // Earlier versions have a bug in the guards of batches.
    minimumVersion: '2.14.6',
    versionArgument: '--version',
    companions: [],
    folders: USUAL_FOLDERS,
    aptPackage: 'nats-server',
    brewFormula: 'nats-server',
  },
  postgres: {
    program: 'postgres',
    minimumVersion: '15',
    versionArgument: '--version',
    companions: ['initdb', 'pg_basebackup', 'psql'],
    folders: [
      '/usr/lib/postgresql/*/bin',
      '/opt/homebrew/opt/postgresql@*/bin',
      '/usr/local/opt/postgresql@*/bin',
    ],
    aptPackage: 'postgresql',
    brewFormula: 'postgresql@17',
  },
  pgbouncer: {
    program: 'pgbouncer',
    minimumVersion: '1.18',
    versionArgument: '--version',
    companions: [],
    folders: USUAL_FOLDERS,
    aptPackage: 'pgbouncer',
    brewFormula: 'pgbouncer',
  },
  redis: {
    program: 'redis-server',
    // Rights to read and to write a key are apart since 7.0.
    minimumVersion: '7.0',
    versionArgument: '--version',
    companions: [],
    folders: USUAL_FOLDERS,
    aptPackage: 'redis-server',
    brewFormula: 'redis',
  },
  haproxy: {
    program: 'haproxy',
    minimumVersion: '2.4',
    versionArgument: '-v',
    companions: [],
    folders: USUAL_FOLDERS,
    aptPackage: 'haproxy',
    brewFormula: 'haproxy',
  },
  prometheus: {
    program: 'prometheus',
    minimumVersion: '2.42',
    versionArgument: '--version',
    companions: ['promtool'],
    folders: USUAL_FOLDERS,
    aptPackage: 'prometheus',
    brewFormula: 'prometheus',
  },
  postgresExporter: {
    program: 'prometheus-postgres-exporter',
    minimumVersion: '0.11',
    versionArgument: '--version',
    companions: [],
    folders: USUAL_FOLDERS,
    aptPackage: 'prometheus-postgres-exporter',
    brewFormula: null,
  },
  redisExporter: {
    program: 'prometheus-redis-exporter',
    minimumVersion: '1.45',
    versionArgument: '--version',
    companions: [],
    folders: USUAL_FOLDERS,
    aptPackage: 'prometheus-redis-exporter',
    brewFormula: null,
  },
};
