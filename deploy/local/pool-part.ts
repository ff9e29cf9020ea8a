import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPassword } from './layout.ts';
import { type PartContext, serverEnvironment } from './part-context.ts';
import { PGBOUNCER_ADMIN, pgbouncerConfig, pgbouncerUsers } from './pgbouncer-config.ts';
import { tcpProbe } from './probe.ts';
import { handOver } from './run-as.ts';
import type { ProcessPart } from './supervised-process.ts';

/** Makes the connection pool between the services and Postgres. */
export async function poolPart({
  ports,
  layout,
  servers,
  databaseUser,
}: PartContext): Promise<ProcessPart> {
  const folder = layout.servers.pgbouncer;
  const configFile = join(folder, 'pgbouncer.ini');
  const userFile = join(folder, 'users.txt');
  const config = pgbouncerConfig({
    port: ports.pgbouncer,
    primaryPort: ports.postgresPrimary,
    replicaPort: ports.postgresReplica,
    userFile,
  });
  const users = pgbouncerUsers({
    zameni_projector: await readPassword(layout.secrets.postgresProjector),
    zameni_command: await readPassword(layout.secrets.postgresCommand),
    zameni_query: await readPassword(layout.secrets.postgresQuery),
    [PGBOUNCER_ADMIN]: await readPassword(layout.secrets.pgbouncerAdmin),
  });
  await writeFile(configFile, config, { mode: 0o600 });
  await writeFile(userFile, users, { mode: 0o600 });
  await handOver([folder, configFile, userFile], databaseUser);
  return {
    kind: 'process',
    name: 'pgbouncer',
    after: ['postgres-replica'],
    command: [servers.pgbouncer.path, configFile],
    env: serverEnvironment(),
    cwd: folder,
    runAs: databaseUser,
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
    probe: tcpProbe(ports.pgbouncer),
    readyDeadlineMs: 20_000,
    showsLines: false,
    mustDrain: false,
  };
}
