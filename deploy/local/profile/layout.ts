import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deleteTree } from '../host/delete-tree.ts';
import type { RunAs } from '../host/launch.ts';
import { createOwnedFolder, give, letEnter, letRead } from '../host/owners.ts';
import type { Kind, Users } from '../host/users.ts';
import type { TendOptions } from '../secrets/attempt-keys.ts';
import { createMissingSecrets, type SecretFiles, secretPaths } from '../secrets/files.ts';
import { writeIssuersFile } from '../secrets/token-issuer.ts';

/** The servers that have a folder of their own. */
export const SERVER_FOLDERS = [
  'nats-1',
  'nats-2',
  'nats-3',
  'postgres-primary',
  'postgres-replica',
  'pgbouncer',
  'redis',
  'redis-counters',
  'inbox',
  'gateway',
  'prometheus',
  'telemetry',
  'jaeger',
  'postgres-exporter',
  'redis-exporter',
] as const;

/** The name of a server's folder. */
export type ServerFolder = (typeof SERVER_FOLDERS)[number];

/** Who uses a server's folder, and where in it that server writes. */
type FolderUse = { readonly kind: Kind; readonly writes: 'nothing' | 'data' | 'all' };

const USES: Readonly<Record<ServerFolder, FolderUse>> = {
  'nats-1': { kind: 'nats', writes: 'data' },
  'nats-2': { kind: 'nats', writes: 'data' },
  'nats-3': { kind: 'nats', writes: 'data' },
  'postgres-primary': { kind: 'postgres', writes: 'data' },
  'postgres-replica': { kind: 'postgres', writes: 'data' },
  pgbouncer: { kind: 'pgbouncer', writes: 'nothing' },
  redis: { kind: 'redis', writes: 'nothing' },
  'redis-counters': { kind: 'redis-counters', writes: 'nothing' },
  inbox: { kind: 'inbox', writes: 'all' },
  gateway: { kind: 'gateway', writes: 'nothing' },
  prometheus: { kind: 'prometheus', writes: 'data' },
  telemetry: { kind: 'trace-receiver', writes: 'all' },
  jaeger: { kind: 'jaeger', writes: 'nothing' },
  'postgres-exporter': { kind: 'postgres-exporter', writes: 'nothing' },
  'redis-exporter': { kind: 'redis-exporter', writes: 'nothing' },
};

/** The servers whose data was made with the key rings. */
const KEEPERS = [
  'nats-1',
  'nats-2',
  'nats-3',
  'postgres-primary',
  'postgres-replica',
] as const satisfies readonly ServerFolder[];

/** Where everything of one profile lies. */
export type Layout = {
  readonly root: string;
  readonly logs: string;
  readonly secretsFolder: string;
  readonly secrets: SecretFiles;
  readonly issuersFile: string;
  /** Groups by the path of the file that they may read. Empty if files are not shared. */
  readonly readers: ReadonlyMap<string, number>;
  readonly servers: Readonly<Record<ServerFolder, string>>;
};

/**
 * Creates missing folders and secrets of a profile, and lets each process reach its own. Throws a
 * StackError if a key ring is missing beside data.
 */
export async function createLayout(
  root: string,
  users: Users,
  attempts: TendOptions,
): Promise<Layout> {
  const servers = serverFolders(root);
  const logs = join(root, 'logs');
  const secretsFolder = join(root, 'secrets');
  const passing = users.areApart ? 'anyone' : undefined;
  await mkdir(root, { recursive: true });
  if (users.areApart) await letEnter(root, 'anyone');
  else await give(root, undefined);
  for (const folder of [logs, secretsFolder]) await letEnter(folder, passing);
  for (const name of SERVER_FOLDERS) await createServerFolder(servers[name], USES[name], users);
  const data = KEEPERS.map((name) => dataFolder(servers[name]));
  const secrets = await createMissingSecrets(secretsFolder, attempts, data);
  const issuersFile = await writeIssuersFile(root, secrets.jwks);
  const readers = await shareFiles([...secretPaths(secrets), issuersFile], users);
  return { root, logs, secretsFolder, secrets, issuersFile, readers, servers };
}

/** Returns the user of a process with the groups of the shared files that it is told to read. */
export function withFiles(
  { readers, issuersFile, secrets }: Pick<Layout, 'readers' | 'issuersFile' | 'secrets'>,
  runAs: RunAs | undefined,
  environment: Readonly<Record<string, string>>,
): RunAs | undefined {
  if (runAs === undefined) return undefined;
  const files = new Set(Object.values(environment));
  // It names the file of the public keys.
  if (files.has(issuersFile)) files.add(secrets.jwks);
  return { ...runAs, groups: [...readers].flatMap(([path, gid]) => (files.has(path) ? gid : [])) };
}

async function createServerFolder(
  folder: string,
  { kind, writes }: FolderUse,
  users: Users,
): Promise<void> {
  const user = users.of(kind);
  if (writes === 'all') return createOwnedFolder(user, folder);
  await letEnter(folder, user?.gid);
  if (writes === 'data') await createOwnedFolder(user, dataFolder(folder));
}

async function shareFiles(paths: readonly string[], users: Users): Promise<Map<string, number>> {
  const readers = new Map<string, number>();
  for (const [index, path] of paths.entries()) {
    const gid = users.groupOf(index);
    await letRead(path, gid);
    if (gid !== undefined) readers.set(path, gid);
  }
  return readers;
}

/** Deletes the data and the secrets of a profile. Neither is usable without the other. */
export async function deleteData(root: string): Promise<void> {
  const folders = [
    ...Object.values(serverFolders(root)),
    join(root, 'secrets'),
    join(root, 'logs'),
  ];
  await Promise.all(folders.map(deleteTree));
}

/** Reads a password without its line end. */
export async function readPassword(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).trimEnd();
}

/** Returns the folder of a server's persistent data. */
export function dataFolder(serverFolder: string): string {
  return join(serverFolder, 'data');
}

function serverFolders(root: string): Record<ServerFolder, string> {
  return {
    'nats-1': join(root, 'nats-1'),
    'nats-2': join(root, 'nats-2'),
    'nats-3': join(root, 'nats-3'),
    'postgres-primary': join(root, 'postgres-primary'),
    'postgres-replica': join(root, 'postgres-replica'),
    pgbouncer: join(root, 'pgbouncer'),
    redis: join(root, 'redis'),
    'redis-counters': join(root, 'redis-counters'),
    inbox: join(root, 'inbox'),
    gateway: join(root, 'gateway'),
    prometheus: join(root, 'prometheus'),
    telemetry: join(root, 'telemetry'),
    jaeger: join(root, 'jaeger'),
    'postgres-exporter': join(root, 'postgres-exporter'),
    'redis-exporter': join(root, 'redis-exporter'),
  };
}
