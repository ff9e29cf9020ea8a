import { join } from 'node:path';
import { writeFor, writeOwned } from '../../host/owners.ts';
import { dataFolder, readPassword, type ServerFolder } from '../../profile/layout.ts';
import { postgresProbe } from '../../supervisor/probe.ts';
import type { Part } from '../../supervisor/start-and-stop.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import { type PartContext, serverEnvironment } from '../context.ts';
import { POSTGRES_HBA, postgresConfig, postgresPassFile, REPLICATION_ROLE } from './config.ts';
import {
  copyPrimary,
  createCluster,
  createMonitorRole,
  createRoles,
  type PostgresTools,
} from './setup.ts';

const SLOT = 'zameni_replica';
/** The step that creates the role of the exporter. */
export const MONITOR_ROLE_STEP = 'monitor role';

const ROLES_DEADLINE_MS = 60_000;

/** Creates the primary, its roles, and the replica that follows it. */
export async function postgresParts(context: PartContext): Promise<Part[]> {
  const { ports, layout } = context;
  const tools = toolsOf(context);
  const superuserPassword = await readPassword(layout.secrets.postgresSuperuser);
  const passFile = await writePassFile(context);
  const primary = await serverPart(context, 'postgres-primary', ports.postgresPrimary);
  const replica = await serverPart(context, 'postgres-replica', ports.postgresReplica, {
    port: ports.postgresPrimary,
    passFile,
    slot: SLOT,
  });
  return [
    {
      ...primary,
      prepare: (signal) =>
        createCluster(
          tools,
          { data: dataOf(context, 'postgres-primary'), superuserPassword },
          signal,
        ),
    },
    {
      kind: 'step',
      name: 'database roles',
      after: ['postgres-primary'],
      deadlineMs: ROLES_DEADLINE_MS,
      run: (signal) => createRoles(tools, layout.secrets, signal),
    },
    ...(context.telemetry === null ? [] : [monitorRoleStep(context)]),
    {
      ...replica,
      after: ['database roles'],
      prepare: (signal) =>
        copyPrimary(
          tools,
          { data: dataOf(context, 'postgres-replica'), passFile, slot: SLOT },
          signal,
        ),
    },
  ];
}

function monitorRoleStep(context: PartContext): Part {
  return {
    kind: 'step',
    name: MONITOR_ROLE_STEP,
    after: ['database roles'],
    deadlineMs: ROLES_DEADLINE_MS,
    run: (signal) => createMonitorRole(toolsOf(context), context.layout.secrets, signal),
  };
}

async function serverPart(
  context: PartContext,
  name: 'postgres-primary' | 'postgres-replica',
  port: number,
  primary?: { port: number; passFile: string; slot: string },
): Promise<ProcessPart> {
  const { layout, servers, users } = context;
  const runAs = users.of('postgres');
  const folder = layout.servers[name];
  const configFile = join(folder, 'postgresql.conf');
  const hbaFile = join(folder, 'pg_hba.conf');
  const clusterName = name.replace('-', '_');
  const config = postgresConfig({ port, clusterName, hbaFile, ...(primary ? { primary } : {}) });
  await writeFor(runAs, configFile, config);
  await writeFor(runAs, hbaFile, POSTGRES_HBA);
  return {
    kind: 'process',
    name,
    after: [],
    command: [
      join(servers.postgres.folder, 'postgres'),
      '-D',
      dataFolder(folder),
      '-c',
      `config_file=${configFile}`,
    ],
    env: serverEnvironment(),
    cwd: folder,
    runAs,
    // KILL would leave the postmaster's child processes running for a while. QUIT ends them too.
    deathSignal: 'QUIT',
    // Fast shutdown: sessions end and all data is written.
    stop: { signal: 'SIGINT', deadlineMs: 20_000 },
    probe: postgresProbe(port),
    readyDeadlineMs: 60_000,
    showsLines: false,
    mustDrain: false,
  };
}

async function writePassFile({ layout, users }: PartContext): Promise<string> {
  const path = join(layout.servers['postgres-replica'], 'passfile');
  const password = await readPassword(layout.secrets.postgresReplication);
  await writeOwned(users.of('postgres'), path, postgresPassFile(REPLICATION_ROLE, password));
  return path;
}

function toolsOf({ servers, ports, users }: PartContext): PostgresTools {
  const { folder, version } = servers.postgres;
  return {
    folder,
    version,
    port: ports.postgresPrimary,
    runAs: users.of('postgres'),
    initdb: users.initdb,
  };
}

function dataOf({ layout }: PartContext, name: ServerFolder): string {
  return dataFolder(layout.servers[name]);
}
