import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TendOptions } from '../secrets/attempt-keys.ts';
import { createMissingSecrets, type SecretFiles } from '../secrets/files.ts';
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
] as const;

/** The name of a server's folder. */
export type ServerFolder = (typeof SERVER_FOLDERS)[number];

/** Where everything of one profile lies. */
export type Layout = {
  readonly root: string;
  readonly logs: string;
  readonly secretsFolder: string;
  readonly secrets: SecretFiles;
  readonly issuersFile: string;
  readonly servers: Readonly<Record<ServerFolder, string>>;
};

/** Creates missing folders and secrets of a profile. */
export async function createLayout(root: string, attempts: TendOptions): Promise<Layout> {
  const servers = serverFolders(root);
  const logs = join(root, 'logs');
  const secretsFolder = join(root, 'secrets');
  for (const folder of [logs, ...Object.values(servers)]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const secrets = await createMissingSecrets(secretsFolder, attempts);
  const issuersFile = await writeIssuersFile(root, secrets.jwks);
  return { root, logs, secretsFolder, secrets, issuersFile, servers };
}

/** Deletes the data and the secrets of a profile. Neither is usable without the other. */
export async function deleteData(root: string): Promise<void> {
  const folders = [
    ...Object.values(serverFolders(root)),
    join(root, 'secrets'),
    join(root, 'logs'),
  ];
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
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
  };
}
