import { join } from 'node:path';
import type { RedisUser } from '@zameni/contracts';
import { writeFor, writeOwned } from '../../host/owners.ts';
import type { FoundServer, Watchers } from '../../install/find-servers.ts';
import { readPassword, type ServerFolder, withFiles } from '../../profile/layout.ts';
import { REPOSITORY } from '../../profile/names.ts';
import { httpProbe } from '../../supervisor/probe.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';
import { type PartContext, nodeEnvironment, serverEnvironment } from '../context.ts';
import { NATS_PARTS } from '../nats/part.ts';
import { postgresPassFile } from '../postgres/config.ts';
import { MONITOR_ROLE_STEP } from '../postgres/part.ts';
import { PGBOUNCER_STATS } from '../postgres/pgbouncer-config.ts';
import { REDIS_PARTS } from '../redis/part.ts';
import type { TelemetryChoice } from './choose.ts';
import { TRACE_RECEIVER } from './trace-receiver.ts';

/** The name of our exporter. */
export const EXPORTER = 'exporter';

const HOST = '127.0.0.1';
const MONITOR_ROLE = 'zameni_monitor';
const REDIS_MONITOR: RedisUser = 'monitor';

/** The folders of servers that fill the disk. */
const WATCHED = ['nats-1', 'nats-2', 'nats-3', 'postgres-primary', 'postgres-replica'] as const;

/** Scrapes are small. Without the bounds the heap would grow before it is cleared. */
const HEAP = ['--max-old-space-size=96', '--max-semi-space-size=2'] as const;

type ExporterContext = Pick<PartContext, 'ports' | 'layout' | 'users'>;

/** What is the same for all exporters: they wait for nothing but a start, and a kill loses nothing. */
const COMMON = {
  kind: 'process',
  deathSignal: 'KILL',
  stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
  readyDeadlineMs: 30_000,
  showsLines: false,
  mustDrain: false,
} as const;

/** Creates the processes that make figures of servers. All listen on loopback only. */
export async function exporterParts(
  context: ExporterContext,
  { receiverUrl }: Pick<TelemetryChoice, 'receiverUrl'>,
  { postgresExporter, redisExporter }: Pick<Watchers, 'postgresExporter' | 'redisExporter'>,
): Promise<ProcessPart[]> {
  return [
    ownExporter(context, receiverUrl),
    ...(postgresExporter === null ? [] : await postgresParts(context, postgresExporter)),
    ...(redisExporter === null ? [] : await redisExporterParts(context, redisExporter)),
  ];
}

/** Our own: NATS, PgBouncer, disks, and the spans of the gateway. It needs none of them to start. */
function ownExporter({ ports, layout, users }: ExporterContext, receiverUrl: string): ProcessPart {
  const servers = NATS_PARTS.map((_, index) => `n${index + 1}=${HOST}:${ports.natsClient[index]}`);
  const folders = WATCHED.map((name: ServerFolder) => `${name}=${layout.servers[name]}`);
  const own = {
    ZAMENI_HOST: HOST,
    ZAMENI_PORT: String(ports.telemetry.exporter),
    ZAMENI_NATS_SERVERS: servers.join(','),
    ZAMENI_NATS_PASSWORD_FILE: layout.secrets.natsUsers.monitor,
    ZAMENI_WATCHED_FOLDERS: folders.join(','),
    ZAMENI_PGBOUNCER_URL: `postgres://${PGBOUNCER_STATS}@${HOST}:${ports.pgbouncer}/pgbouncer`,
    ZAMENI_PGBOUNCER_PASSWORD_FILE: layout.secrets.pgbouncerStats,
    ZAMENI_GATEWAY_LOG_PORT: String(ports.telemetry.exporterSyslog),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiverUrl,
  };
  const runAs = withFiles(layout, users.of('exporter'), own);
  return {
    ...COMMON,
    name: EXPORTER,
    // It stops before the receiver, which then gets the last spans of the gateway.
    after: [TRACE_RECEIVER],
    command: [process.execPath, ...HEAP, 'main.ts'],
    cwd: join(REPOSITORY, 'deploy', 'telemetry', 'exporter'),
    env: { ...nodeEnvironment(runAs), ...own },
    runAs,
    probe: httpProbe(`http://${HOST}:${ports.telemetry.exporter}/livez`),
  };
}

/**
 * One for each server, because two servers in one exporter have figures of the same name and labels.
 * They connect to the database `postgres` and find their password in a file.
 */
async function postgresParts(
  { ports, layout, users }: ExporterContext,
  { path }: FoundServer,
): Promise<ProcessPart[]> {
  const passFile = join(layout.servers['postgres-exporter'], 'pgpass');
  const password = await readPassword(layout.secrets.postgresMonitor);
  const runAs = users.of('postgres-exporter');
  await writeOwned(runAs, passFile, postgresPassFile(MONITOR_ROLE, password));
  const { primaryExporter, replicaExporter } = ports.telemetry;
  const servers = [
    { name: 'primary', port: primaryExporter, serverPort: ports.postgresPrimary },
    { name: 'replica', port: replicaExporter, serverPort: ports.postgresReplica },
  ];
  return servers.map(({ name, port, serverPort }) => ({
    ...COMMON,
    name: `${name}-exporter`,
    after: [MONITOR_ROLE_STEP, `postgres-${name}`],
    command: [
      path,
      `--web.listen-address=${HOST}:${port}`,
      '--disable-settings-metrics',
      '--log.level=warn',
    ],
    env: {
      ...serverEnvironment(),
      DATA_SOURCE_NAME: `postgresql://${MONITOR_ROLE}@${HOST}:${serverPort}/postgres?sslmode=disable`,
      PGPASSFILE: passFile,
    },
    runAs,
    probe: httpProbe(`http://${HOST}:${port}/metrics`),
  }));
}

/** One for each server. They find their password in a file, by the address of the server. */
async function redisExporterParts(
  { ports, layout, users }: ExporterContext,
  { path }: FoundServer,
): Promise<ProcessPart[]> {
  const { redisExporter, countersExporter } = ports.telemetry;
  const servers = [
    { name: 'redis', after: REDIS_PARTS.cache, port: redisExporter, serverPort: ports.redis },
    {
      name: 'counters',
      after: REDIS_PARTS.counters,
      port: countersExporter,
      serverPort: ports.redisCounters,
    },
  ];
  const addressOf = (serverPort: number) => `redis://${HOST}:${serverPort}`;
  const passFile = join(layout.servers['redis-exporter'], 'passwords.json');
  const password = await readPassword(layout.secrets.redisUsers[REDIS_MONITOR]);
  const passwords = servers.map(({ serverPort }) => [addressOf(serverPort), password]);
  const runAs = users.of('redis-exporter');
  await writeFor(runAs, passFile, JSON.stringify(Object.fromEntries(passwords)));
  return servers.map(({ name, after, port, serverPort }) => ({
    ...COMMON,
    name: `${name}-exporter`,
    after: [after],
    command: [
      path,
      `-web.listen-address=${HOST}:${port}`,
      `-redis.addr=${addressOf(serverPort)}`,
      `-redis.user=${REDIS_MONITOR}`,
      `-redis.password-file=${passFile}`,
      '-redis-only-metrics',
    ],
    env: serverEnvironment(),
    runAs,
    probe: httpProbe(`http://${HOST}:${port}/metrics`),
  }));
}
