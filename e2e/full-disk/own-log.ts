import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  connectNats,
  createJetStreamLog,
  type EventLog,
  type NatsConnection,
  provisionStream,
} from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import { findServer, isFound } from '../../deploy/local/install/find-servers.ts';
import { natsFolder } from '../../deploy/local/install/nats.ts';
import { natsConfig } from '../../deploy/local/parts/nats/config.ts';
import { SERVERS_FOLDER } from '../../deploy/local/profile/names.ts';
import { type Child, startChild } from '../../deploy/local/supervisor/child.ts';
import { isHealthy } from '../support/is-healthy.ts';

/** A test's own log on three servers, with the configuration and stream of the real ones. */
export type OwnLog = AsyncDisposable & {
  readonly nc: NatsConnection;
  readonly log: EventLog;
  /** Stops the servers one after the other, as an operator would, and starts each again. */
  readonly restart: () => Promise<void>;
};

/** The folders of the servers. `on` wraps the command that starts a server. */
export type OwnLogOptions = {
  readonly root: string;
  readonly dataFolders: readonly string[];
  readonly on?: (command: readonly string[]) => readonly [string, ...string[]];
  /** Free bytes on the disk of each server. If given, they bound the log. */
  readonly freeBytes?: number;
};

/** Ports of three servers, away from those of every profile. */
const PORTS = {
  client: [9481, 9482, 9483],
  route: [9484, 9485, 9486],
  monitor: [9487, 9488, 9489],
};
const READY_DEADLINE_MS = 30_000;

/** Starts the servers and creates the stream. */
export async function startOwnLog(options: OwnLogOptions): Promise<OwnLog> {
  const { root, dataFolders, on = ([program = '', ...args]) => [program, ...args] } = options;
  const found = await findServer('nats', [natsFolder(SERVERS_FOLDER)]);
  if (!isFound(found)) throw new Error('there is no nats-server');
  const nats = found.path;
  const logins = [{ user: 'admin', password: randomUUID() }] as const;
  const routePassword = randomUUID();
  await mkdir(root, { recursive: true });

  async function start(index: number): Promise<Child> {
    const [clientPort = 0, routePort = 0, monitorPort = 0] = [
      PORTS.client[index],
      PORTS.route[index],
      PORTS.monitor[index],
    ];
    const name = `own-${index + 1}`;
    const file = join(root, `${name}.conf`);
    const config = natsConfig({
      name,
      clusterName: 'own',
      clientPort,
      routePort,
      monitorPort,
      allRoutePorts: PORTS.route,
      dataFolder: join(dataFolders[index] ?? root, 'data'),
      logins,
      routePassword,
    });
    await writeFile(file, config, { mode: 0o600 });
    return startChild(
      {
        name,
        command: on([nats, '-c', file]),
        env: { PATH: process.env['PATH'] ?? '' },
        deathSignal: 'KILL',
        stop: { signal: 'SIGTERM', deadlineMs: 10_000 },
      },
      { logFile: join(root, `${name}.log`), appends: true },
    );
  }

  async function untilHealthy(): Promise<void> {
    for (const port of PORTS.monitor) {
      await waitUntil(() => isHealthy(`http://127.0.0.1:${port}/healthz`), READY_DEADLINE_MS);
    }
  }

  const servers = await Promise.all([0, 1, 2].map(start));
  await untilHealthy();
  const nc = await connectNats({
    servers: PORTS.client.map((port) => `127.0.0.1:${port}`),
    user: 'admin',
    password: logins[0].password,
    name: 'own-log',
  });
  await provisionStream(nc, undefined, options.freeBytes);
  return {
    nc,
    log: await createJetStreamLog(nc, { stream: 'ACCOUNTS', user: 'admin' }),
    restart: async () => {
      for (const [index, server] of servers.entries()) {
        await server.stop();
        servers[index] = await start(index);
      }
      await untilHealthy();
    },
    [Symbol.asyncDispose]: async () => {
      await nc.close();
      for (const server of servers) server.kill();
      await Promise.all(servers.map(({ exited }) => exited));
    },
  };
}
