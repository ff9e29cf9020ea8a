import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOrFail } from '../../host/command.ts';
import { deleteTree } from '../../host/delete-tree.ts';
import type { RunAs } from '../../host/launch.ts';
import { give, giveTree, writeFor } from '../../host/owners.ts';
import { StackError } from '../../output/stack-error.ts';
import { readPassword } from '../../profile/layout.ts';
import type { SecretFiles } from '../../secrets/files.ts';
import { REPLICATION_ROLE } from './config.ts';
import { scramSecretOf } from './scram-secret.ts';

const TIMEOUT_MS = 120_000;

/** The programs of one Postgres version and the primary to use them on. */
export type PostgresTools = {
  readonly folder: string;
  readonly version: string;
  readonly port: number;
  readonly runAs: RunAs | undefined;
  /** Runs `initdb`, which refuses a user without a name. */
  readonly initdb: RunAs | undefined;
};

/** The folder of the primary's data, and the password of its superuser. */
export type NewCluster = { readonly data: string; readonly superuserPassword: string };

/** The folder of the replica's copy, and how to fetch it. */
export type ReplicaCopy = {
  readonly data: string;
  readonly passFile: string;
  readonly slot: string;
};

/** Creates the primary's data folder. Until roles exist only the superuser can log in. */
export async function createCluster(
  tools: PostgresTools,
  { data, superuserPassword }: NewCluster,
  signal: AbortSignal,
): Promise<void> {
  if (await isUsable(tools, data)) return;
  // An interrupted start may have given a part of it to the server, which cannot reach it yet.
  if (existsSync(draftOf(data))) await giveTree(draftOf(data), tools.initdb);
  const draft = await freshDraft(data, tools.initdb);
  // initdb runs as another user, who cannot read the secrets folder.
  const passwordFile = `${data}.password`;
  try {
    await writeFor(tools.runAs, passwordFile, superuserPassword);
    await runOrFail(
      [
        join(tools.folder, 'initdb'),
        `--pgdata=${draft}`,
        '--username=postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C.UTF-8',
        '--data-checksums',
      ],
      { timeoutMs: TIMEOUT_MS, signal, runAs: tools.initdb },
    );
    await giveTree(draft, tools.runAs);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(draft, data);
}

/** Creates the roles, the database and the replica's slot, and sets this profile's passwords. */
export async function createRoles(
  tools: PostgresTools,
  secrets: SecretFiles,
  signal: AbortSignal,
): Promise<void> {
  const passwords = {
    zameni_projector: secrets.postgresProjector,
    zameni_command: secrets.postgresCommand,
    zameni_query: secrets.postgresQuery,
    zameni_mailer: secrets.postgresMailer,
    zameni_replication: secrets.postgresReplication,
  };
  await runScript(tools, { script: 'roles.sql', passwords, secrets }, signal);
}

/** Creates the role that may read figures of the servers, and sets this profile's password. */
export async function createMonitorRole(
  tools: PostgresTools,
  secrets: SecretFiles,
  signal: AbortSignal,
): Promise<void> {
  const passwords = { zameni_monitor: secrets.postgresMonitor };
  await runScript(tools, { script: 'monitor-role.sql', passwords, secrets }, signal);
}

/**
 * Runs a script of this folder as the superuser. The variables of psql have the names of roles, and
 * what Postgres stores of their passwords.
 */
async function runScript(
  tools: PostgresTools,
  run: {
    readonly script: string;
    readonly passwords: Readonly<Record<string, string>>;
    readonly secrets: SecretFiles;
  },
  signal: AbortSignal,
): Promise<void> {
  const { script, passwords, secrets } = run;
  const variables = await Promise.all(
    Object.entries(passwords).map(
      async ([role, path]) => `\\set ${role} '${scramSecretOf(role, await readPassword(path))}'`,
    ),
  );
  const statements = await readFile(join(import.meta.dirname, script), 'utf8');
  await runOrFail(
    [
      join(tools.folder, 'psql'),
      '--no-psqlrc',
      '--quiet',
      '--set=ON_ERROR_STOP=1',
      `--dbname=host=127.0.0.1 port=${tools.port} user=postgres dbname=postgres`,
    ],
    {
      timeoutMs: TIMEOUT_MS,
      signal,
      env: { PGPASSWORD: await readPassword(secrets.postgresSuperuser) },
      input: `${variables.join('\n')}\n${statements}`,
    },
  );
}

/** Copies the primary for a replica without data. */
export async function copyPrimary(
  tools: PostgresTools,
  { data, passFile, slot }: ReplicaCopy,
  signal: AbortSignal,
): Promise<void> {
  if (!(await isUsable(tools, data))) {
    const draft = await freshDraft(data, tools.runAs);
    const source = `host=127.0.0.1 port=${tools.port} user=${REPLICATION_ROLE}`;
    await runOrFail(
      [
        join(tools.folder, 'pg_basebackup'),
        `--pgdata=${draft}`,
        `--dbname=${source}`,
        `--slot=${slot}`,
        '--wal-method=stream',
        '--checkpoint=fast',
        '--no-password',
      ],
      { timeoutMs: TIMEOUT_MS, signal, runAs: tools.runAs, env: { PGPASSFILE: passFile } },
    );
    await rename(draft, data);
  }
  const standby = join(data, 'standby.signal');
  if (existsSync(standby)) return;
  // Never through a link that the server made.
  await writeFile(standby, '', { flag: 'wx', mode: 0o600 });
  await give(standby, tools.runAs);
}

/** Creates an empty draft folder. An interrupted copy stays there, so final data is complete. */
async function freshDraft(data: string, owner: RunAs | undefined): Promise<string> {
  const draft = draftOf(data);
  await deleteTree(draft);
  await mkdir(draft, { mode: 0o700 });
  await give(draft, owner);
  return draft;
}

function draftOf(data: string): string {
  return `${data}.draft`;
}

async function isUsable({ version }: PostgresTools, data: string): Promise<boolean> {
  const file = join(data, 'PG_VERSION');
  if (!existsSync(file)) return false;
  const major = (await readFile(file, 'utf8')).trim();
  if (major === version.split('.')[0]) return true;
  throw new StackError(
    `${data} belongs to Postgres ${major}, but ${version} was found. --fresh deletes the data.`,
  );
}
