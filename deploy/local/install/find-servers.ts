import { existsSync, globSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '../host/command.ts';
import { findOnPath } from '../host/launch.ts';
import {
  type NeededName,
  SERVER_CATALOG,
  type ServerEntry,
  type ServerName,
} from './server-catalog.ts';
import { isAtLeast, readVersion } from './version.ts';

const VERSION_TIMEOUT_MS = 10_000;

/** A server program that was found and is new enough. */
export type FoundServer = {
  readonly path: string;
  readonly folder: string;
  readonly version: string;
};

/** A missing server program, and the unsuitable ones that were found. */
export type MissingServer = {
  readonly name: ServerName;
  readonly entry: ServerEntry;
  readonly rejected: readonly string[];
};

/** All server programs of a stack. */
export type Servers = Readonly<Record<NeededName, FoundServer>> & {
  /** Null unless they were asked for. */
  readonly watchers: Watchers | null;
};

/** The server programs that watch a stack. Null stands for one that it is watched without. */
export type Watchers = {
  readonly prometheus: FoundServer;
  readonly postgresExporter: FoundServer | null;
  readonly redisExporter: FoundServer | null;
};

/** Result of the search for one program. */
export type SearchResult = FoundServer | MissingServer;

/** Looks for a program in Zameni's folders, then on PATH, then in the folders of packages. */
export async function findServer(
  name: ServerName,
  ownFolders: readonly string[],
  entry: ServerEntry = SERVER_CATALOG[name],
): Promise<SearchResult> {
  const rejected: string[] = [];
  for (const path of candidates(entry, ownFolders)) {
    const folder = dirname(realpathSync(path));
    const lacking = entry.companions.filter((companion) => !existsSync(join(folder, companion)));
    const { output } = await runCommand([path, entry.versionArgument], {
      timeoutMs: VERSION_TIMEOUT_MS,
    });
    const version = readVersion(output);
    if (version === null) rejected.push(`${path} does not report its version`);
    else if (!isAtLeast(version, entry.minimumVersion)) rejected.push(`${path} is ${version}`);
    else if (lacking.length > 0) rejected.push(`${path} lacks ${lacking.join(', ')} beside it`);
    else return { path, folder, version };
  }
  return { name, entry, rejected };
}

/** Distinguishes a program that was found from a missing one. */
export function isFound(result: SearchResult): result is FoundServer {
  return 'path' in result;
}

function candidates(entry: ServerEntry, ownFolders: readonly string[]): string[] {
  const own = ownFolders
    .map((folder) => join(folder, entry.program))
    .filter((path) => existsSync(path));
  const onPath = findOnPath(entry.program);
  const known = entry.folders
    .flatMap((folder) => globSync(join(folder, entry.program)))
    .toSorted((left, right) => right.localeCompare(left, 'en', { numeric: true }));
  return [...new Set([...own, ...(onPath === null ? [] : [onPath]), ...known])];
}
