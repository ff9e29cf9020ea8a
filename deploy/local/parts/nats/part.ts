import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { NATS_USERS } from '@zameni/contracts';
import { writeFor } from '../../host/owners.ts';
import { dataFolder, type Layout, readPassword } from '../../profile/layout.ts';
import { natsConfig, type NatsLogin } from './config.ts';
import { type PartContext, serverEnvironment } from '../context.ts';
import { natsProbe } from './probe.ts';
import type { ProcessPart } from '../../supervisor/supervised-process.ts';

const SERVER_NAMES = ['nats-1', 'nats-2', 'nats-3'] as const;

/**
 * Heap growth in percent that starts a garbage collection in Go. A server's heap is small, so a
 * quarter of the usual collections costs little memory and saves processor time.
 */
const NATS_GC_PERCENT = '400';

/**
 * Threads that run Go code at once in one server. Three servers share this machine's cores, and
 * more threads than cores only wake each other up. On two cores this saved a quarter of the
 * servers' processor time (bench/results.md).
 */
const NATS_THREADS = Math.max(1, Math.floor(availableParallelism() / SERVER_NAMES.length));

/** The names of the processes of the log's cluster. */
export const NATS_PARTS: readonly string[] = SERVER_NAMES;

/** Creates the three servers of the cluster. Each is ready once the cluster has a leader. */
export async function natsParts({
  profile,
  ports,
  layout,
  servers,
  users,
}: PartContext): Promise<ProcessPart[]> {
  const shared = {
    clusterName: `zameni-${profile}`,
    allRoutePorts: ports.natsRoute,
    logins: await readLogins(layout),
    routePassword: await readPassword(layout.secrets.natsRoute),
  };
  const runAs = users.of('nats');
  const password = await readPassword(layout.secrets.natsUsers.monitor);
  return Promise.all(
    SERVER_NAMES.map(async (name, index): Promise<ProcessPart> => {
      const clientPort = at(ports.natsClient, index);
      const folder = layout.servers[name];
      const config = natsConfig({
        ...shared,
        name: `n${index + 1}`,
        clientPort,
        routePort: at(ports.natsRoute, index),
        dataFolder: dataFolder(folder),
      });
      const file = join(folder, 'nats.conf');
      await writeFor(runAs, file, config);
      return {
        kind: 'process',
        name,
        after: [],
        command: [servers.nats.path, '-c', file],
        env: { ...serverEnvironment(), GOGC: NATS_GC_PERCENT, GOMAXPROCS: String(NATS_THREADS) },
        runAs,
        deathSignal: 'KILL',
        stop: { signal: 'SIGTERM', deadlineMs: 10_000 },
        probe: natsProbe({ address: `127.0.0.1:${clientPort}`, user: 'monitor', password }),
        readyDeadlineMs: 60_000,
        showsLines: false,
        mustDrain: false,
      };
    }),
  );
}

async function readLogins({ secrets }: Layout): Promise<NatsLogin[]> {
  return Promise.all(
    NATS_USERS.map(async (user) => ({
      user,
      password: await readPassword(secrets.natsUsers[user]),
    })),
  );
}

function at(ports: readonly number[], index: number): number {
  const port = ports[index];
  if (port === undefined) throw new Error(`no port number ${index}`);
  return port;
}
