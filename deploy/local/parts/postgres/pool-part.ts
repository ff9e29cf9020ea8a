import { join } from 'node:path';
import { writeFor } from '../../host/owners.ts';
import { readPassword } from '../../profile/layout.ts';
import { tcpProbe } from '../../supervisor/probe.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import { type PartContext, serverEnvironment } from '../context.ts';
import {
  PGBOUNCER_ADMIN,
  PGBOUNCER_STATS,
  pgbouncerConfig,
  pgbouncerUsers,
} from './pgbouncer-config.ts';

/** Creates the connection pool between the services and Postgres. */
export async function poolPart({
  ports,
  layout,
  servers,
  users: stackUsers,
  telemetry,
}: PartContext): Promise<ProcessPart> {
  const folder = layout.servers.pgbouncer;
  const configFile = join(folder, 'pgbouncer.ini');
  const userFile = join(folder, 'users.txt');
  const config = pgbouncerConfig({
    port: ports.pgbouncer,
    primaryPort: ports.postgresPrimary,
    replicaPort: ports.postgresReplica,
    userFile,
    hasStatsUser: telemetry !== null,
  });
  const users = pgbouncerUsers({
    zameni_projector: await readPassword(layout.secrets.postgresProjector),
    zameni_command: await readPassword(layout.secrets.postgresCommand),
    zameni_query: await readPassword(layout.secrets.postgresQuery),
    zameni_mailer: await readPassword(layout.secrets.postgresMailer),
    [PGBOUNCER_ADMIN]: await readPassword(layout.secrets.pgbouncerAdmin),
    ...(telemetry === null
      ? {}
      : { [PGBOUNCER_STATS]: await readPassword(layout.secrets.pgbouncerStats) }),
  });
  const runAs = stackUsers.of('pgbouncer');
  await writeFor(runAs, configFile, config);
  await writeFor(runAs, userFile, users);
  return {
    kind: 'process',
    name: 'pgbouncer',
    after: ['postgres-replica'],
    command: [servers.pgbouncer.path, configFile],
    env: serverEnvironment(),
    cwd: folder,
    runAs,
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
    probe: tcpProbe(ports.pgbouncer),
    readyDeadlineMs: 20_000,
    showsLines: false,
    mustDrain: false,
  };
}
