/** A server program that the stack needs, and where each system gets it from. */
export type ServerEntry = {
  readonly program: string;
  readonly minimumVersion: string;
  readonly versionArgument: '--version' | '-v';
  /** Programs that must be in the same folder. */
  readonly companions: readonly string[];
  /** Folders that are often not on PATH. `*` stands for any version, the newest first. */
  readonly folders: readonly string[];
  readonly aptPackage: string;
  readonly brewFormula: string;
};

/** The names of all server programs. */
export const SERVER_NAMES = ['nats', 'postgres', 'pgbouncer', 'redis', 'haproxy'] as const;

/** The name of a server program. */
export type ServerName = (typeof SERVER_NAMES)[number];

const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin', '/opt/homebrew/sbin'];

/** Every server program of the stack. */
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
    minimumVersion: '6.2',
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
};
