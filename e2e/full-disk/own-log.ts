import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  connectNats,
  connectNatsAnywhere,
  connectNatsNearLeader,
  createJetStreamLog,
  type EventLog,
  type NatsConnection,
  provisionStream,
  type WatchedServer,
} from '@zameni/runtime';
import { findFreePorts } from '@zameni/runtime/testing';
import { findServer, isFound } from '../../deploy/local/install/find-servers.ts';
import { natsFolder } from '../../deploy/local/install/nats.ts';
import { natsConfig, type NatsLogin } from '../../deploy/local/parts/nats/config.ts';
import { SERVERS_FOLDER } from '../../deploy/local/profile/names.ts';
import { type Child, startChild } from '../../deploy/local/supervisor/child.ts';
import { isServerHealthy } from '../support/is-healthy.ts';
import { untilUp } from '../support/until-up.ts';

/** A test's own log on three servers, with the configuration and stream of the real ones. */
export type OwnLog = AsyncDisposable & {
  readonly nc: NatsConnection;
  readonly log: EventLog;
  /** Connects to one server only, by its number from 0. */
  readonly connect: (server: number) => Promise<NatsConnection>;
  /** Connects as a service does that needs no leader. */
  readonly connectAnywhere: () => Promise<NatsConnection>;
  /** Connects as a service does that appends. */
  readonly connectNearLeader: () => Promise<NatsConnection>;
  /** Stops the servers one after the other, as an operator would, and starts each again. */
  readonly restart: () => Promise<void>;
  readonly servers: readonly OwnServer[];
  /** host:port of each server, for other users. */
  readonly addresses: readonly string[];
};

/** One of the servers, by its name in the cluster. */
export type OwnServer = {
  readonly name: string;
  /** Its address, and who may ask it about itself. */
  readonly watched: WatchedServer;
  /** The folder with its files. */
  readonly folder: string;
  /** Ends the server; `TERM` lets it write what it keeps for its next start. */
  readonly end: (how: 'TERM' | 'KILL') => Promise<void>;
  /** Starts it again. Does not wait until it is healthy. */
  readonly start: () => Promise<void>;
  readonly isHealthy: () => Promise<boolean>;
};

/** The folders of the servers. `on` wraps the command that starts a server. */
export type OwnLogOptions = {
  readonly root: string;
  readonly dataFolders: readonly string[];
  readonly on?: (command: readonly string[]) => readonly [string, ...string[]];
  /** The users beside `admin`. */
  readonly logins?: readonly NatsLogin[];
  /** Free bytes on the disk of each server. If given, they bound the log. */
  readonly freeBytes?: number;
  /** Makes the port through which one server reaches another, by their numbers from 0. */
  readonly openWays?: (routePorts: readonly number[]) => Promise<Ways>;
};

/** The port through which one server reaches another. */
export type Ways = (from: number, to: number) => number;

/** No server is there, so nobody learns another way from what a server says of itself. */
const NOWHERE = 'cluster {\n  advertise: "127.0.0.1:9"';

const SERVERS = 3;

/** Starts the servers and creates the stream. */
export async function startOwnLog(options: OwnLogOptions): Promise<OwnLog> {
  const { root, dataFolders, on = ([program = '', ...args]) => [program, ...args] } = options;
  const found = await findServer('nats', [natsFolder(SERVERS_FOLDER)]);
  if (!isFound(found)) throw new Error('there is no nats-server');
  const nats = found.path;
  const admin = { user: 'admin', password: randomUUID() } as const;
  const given = options.logins ?? [];
  const monitor = given.find(({ user }) => user === 'monitor') ?? {
    user: 'monitor',
    password: randomUUID(),
  };
  const logins = [admin, monitor, ...given.filter((login) => login !== monitor)];
  const routePassword = randomUUID();
  const ports = {
    client: await findFreePorts(SERVERS),
    route: await findFreePorts(SERVERS),
  };
  const watched = ports.client.map((port) => ({ address: `127.0.0.1:${port}`, ...monitor }));
  const way = await options.openWays?.(ports.route);
  await mkdir(root, { recursive: true });

  async function start(index: number): Promise<Child> {
    const [clientPort = 0, routePort = 0] = [ports.client[index], ports.route[index]];
    const name = `own-${index + 1}`;
    const file = join(root, `${name}.conf`);
    const config = natsConfig({
      name,
      clusterName: 'own',
      clientPort,
      routePort,
      allRoutePorts: ports.route.map((port, to) => way?.(index, to) ?? port),
      dataFolder: join(dataFolders[index] ?? root, 'data'),
      logins,
      routePassword,
    });
    const text = way === undefined ? config : config.replace('cluster {', NOWHERE);
    await writeFile(file, text, { mode: 0o600 });
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
    const all = servers.map((child, index) =>
      untilUp(child, { isUp: () => isHealthyAt(index), logFile: join(root, `${child.name}.log`) }),
    );
    await Promise.all(all);
  }

  async function isHealthyAt(index: number): Promise<boolean> {
    const server = watched[index];
    return server !== undefined && isServerHealthy(server);
  }

  const servers = await Promise.all([0, 1, 2].map(start));
  await untilHealthy();
  const loginTo = (clientPorts: readonly number[]) => ({
    servers: clientPorts.map((port) => `127.0.0.1:${port}`),
    user: 'admin',
    password: admin.password,
    name: 'own-log',
  });
  const nc = await connectNats(loginTo(ports.client));
  await provisionStream(nc, undefined, options.freeBytes);
  return {
    nc,
    addresses: ports.client.map((port) => `127.0.0.1:${port}`),
    connect: (server) => connectNats(loginTo(ports.client.slice(server, server + 1))),
    connectAnywhere: () => connectNatsAnywhere(loginTo(ports.client), 'ACCOUNTS'),
    connectNearLeader: () => connectNatsNearLeader(loginTo(ports.client), 'ACCOUNTS'),
    log: await createJetStreamLog(nc, { stream: 'ACCOUNTS', user: 'admin' }),
    restart: async () => {
      for (const [index, server] of servers.entries()) {
        await server.stop();
        servers[index] = await start(index);
      }
      await untilHealthy();
    },
    servers: watched.map((server, index) => {
      return {
        name: `own-${index + 1}`,
        watched: server,
        folder: join(dataFolders[index] ?? root, 'data'),
        end: async (how) => {
          const running = servers[index];
          if (how === 'TERM') return void (await running?.stop());
          running?.kill();
          await running?.exited;
        },
        start: async () => {
          servers[index] = await start(index);
        },
        isHealthy: () => isServerHealthy(server),
      };
    }),
    [Symbol.asyncDispose]: async () => {
      await nc.close();
      for (const server of servers) server.kill();
      await Promise.all(servers.map(({ exited }) => exited));
    },
  };
}
