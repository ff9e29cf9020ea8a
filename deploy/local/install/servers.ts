import type { Terminal } from '../output/terminal.ts';
import {
  type FoundServer,
  findServer,
  isFound,
  type MissingServer,
  type Servers,
} from './find-servers.ts';
import { missingServersError } from './missing-servers.ts';
import { installNats, natsFolder, natsObstacle } from './nats.ts';
import { DISPENSABLE, SERVER_NAMES, type ServerName, WATCHER_NAMES } from './server-catalog.ts';
import { aptObstacle, installWithApt } from './with-apt.ts';

/** Where to look for servers and to install them, and the terminal for progress. */
export type ServersOptions = {
  readonly serversFolder: string;
  /** Whether to find the programs that watch a stack too. */
  readonly withWatchers: boolean;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
};

/** Finds every server program. Installs missing ones, or names all of them in one error. */
export async function provideServers(options: ServersOptions): Promise<Servers> {
  const { serversFolder, withWatchers, terminal, signal } = options;
  const names = withWatchers ? [...SERVER_NAMES, ...WATCHER_NAMES] : SERVER_NAMES;
  const first = await findAll(names, serversFolder);
  const missing = leaveDispensable(first.missing, terminal);
  if (missing.length === 0) return complete(first.found, withWatchers);

  const fromApt = missing.filter(({ name }) => name !== 'nats');
  const needsNats = fromApt.length < missing.length;
  refuseWhatCannotBeInstalled(missing);

  if (needsNats) {
    const title = 'fetching nats-server (Debian testing, private copy)';
    await terminal.step(title, () => installNats(serversFolder, signal));
  }
  signal.throwIfAborted();
  if (fromApt.length > 0) {
    const packages = fromApt.map(({ entry }) => entry.aptPackage);
    await terminal.step(`installing ${packages.join(', ')} (apt)`, () => installWithApt(packages));
  }
  const second = await findAll(names, serversFolder);
  const lacking = second.missing.filter(({ name }) => !DISPENSABLE.has(name));
  if (lacking.length === 0) return complete(second.found, withWatchers);
  throw missingServersError(lacking, 'the packages of the system are too old');
}

/** Returns what has to be installed. Names a dispensable program that cannot be, and leaves it. */
function leaveDispensable(missing: readonly MissingServer[], terminal: Terminal): MissingServer[] {
  const obstacle = aptObstacle();
  if (obstacle === null) return [...missing];
  const left = missing.filter(({ name }) => DISPENSABLE.has(name));
  for (const { entry } of left) {
    terminal.line(
      `  ${entry.program} is missing (${obstacle}): the stack runs without its figures`,
    );
  }
  return missing.filter((server) => !left.includes(server));
}

/**
 * Throws if a missing program cannot be installed here. Packages need root, nats-server does not.
 */
function refuseWhatCannotBeInstalled(missing: readonly MissingServer[]): void {
  const obstacles = missing.flatMap((server) => {
    const reason = server.name === 'nats' ? natsObstacle() : aptObstacle();
    return reason === null ? [] : [{ server, reason }];
  });
  const reason = [...new Set(obstacles.map((obstacle) => obstacle.reason))].join(', ');
  if (obstacles.length > 0)
    throw missingServersError(
      obstacles.map(({ server }) => server),
      reason,
    );
}

type Search = {
  readonly found: ReadonlyMap<ServerName, FoundServer>;
  readonly missing: readonly MissingServer[];
};

async function findAll(names: readonly ServerName[], serversFolder: string): Promise<Search> {
  const ownFolders = [natsFolder(serversFolder)];
  const found = new Map<ServerName, FoundServer>();
  const missing: MissingServer[] = [];
  await Promise.all(
    names.map(async (name) => {
      const result = await findServer(name, ownFolders);
      if (isFound(result)) found.set(name, result);
      else missing.push(result);
    }),
  );
  return { found, missing };
}

function complete(found: ReadonlyMap<ServerName, FoundServer>, withWatchers: boolean): Servers {
  const get = (name: ServerName): FoundServer => {
    const server = found.get(name);
    if (server === undefined) throw new Error(`${name} was not looked for`);
    return server;
  };
  return {
    nats: get('nats'),
    postgres: get('postgres'),
    pgbouncer: get('pgbouncer'),
    redis: get('redis'),
    haproxy: get('haproxy'),
    watchers: withWatchers
      ? {
          prometheus: get('prometheus'),
          postgresExporter: found.get('postgresExporter') ?? null,
          redisExporter: found.get('redisExporter') ?? null,
        }
      : null,
  };
}
