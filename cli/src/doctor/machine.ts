import { existsSync } from 'node:fs';
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Stack } from '@zameni/runtime/stack';
import { findServer, isFound } from '../../../deploy/local/install/find-servers.ts';
import { natsFolder } from '../../../deploy/local/install/nats.ts';
import {
  SERVER_CATALOG,
  SERVER_NAMES,
  type ServerName,
} from '../../../deploy/local/install/server-catalog.ts';
import { isAtLeast } from '../../../deploy/local/install/version.ts';
import { isGroupOfFile } from '../../../deploy/local/host/users.ts';
import { SERVERS_FOLDER } from '../../../deploy/local/profile/names.ts';
import { checkAttemptKeys } from './keys.ts';
import { type Check, check, type Finding } from './report.ts';

const MIN_NODE = '24';
const GIB = 1024 ** 3;
/** Free space below the first is a failure, below the second a warning. */
const MIN_FREE_GIB = 1;
const GOOD_FREE_GIB = 5;
/** A server needs some sockets per client, and files. The usual low default is 1,024. */
const GOOD_OPEN_FILES = 4_096;

/** Checks this machine: programs, versions, disk, limits and the file modes of secrets. */
export function checkMachine(stack: Stack | undefined): Promise<Check>[] {
  return [
    check({
      area: 'machine',
      name: 'node',
      remedy: 'npm run bootstrap',
      look: () => checkNode(process.versions.node),
    }),
    ...SERVER_NAMES.map((name) =>
      check({
        area: 'machine',
        name: SERVER_CATALOG[name].program,
        remedy: remedyFor(name),
        look: () => checkProgram(name),
      }),
    ),
    check({
      area: 'machine',
      name: 'disk space',
      remedy: `ls -ld ${dirname(SERVERS_FOLDER)}`,
      look: async () => {
        const { bavail, bsize } = await statfs(existing(SERVERS_FOLDER));
        return checkFreeSpace((bavail * bsize) / GIB);
      },
    }),
    check({
      area: 'machine',
      name: 'open files',
      remedy: 'ulimit -n 65536, then npm start',
      look: () => checkOpenFiles(stack),
    }),
    ...(stack === undefined ? [] : [checkSecrets(stack.folders.secrets), checkAttemptKeys(stack)]),
  ];
}

/** Judges the version of the running Node. */
export function checkNode(version: string): Finding {
  if (isAtLeast(version, MIN_NODE)) return version;
  const found = `${version}, and ${MIN_NODE} is needed`;
  return { level: 'fail', found, remedy: 'npm run bootstrap, then npx zameni doctor' };
}

/** Judges the free space for the stack's data. */
export function checkFreeSpace(freeGib: number): Finding {
  const found = `${freeGib.toFixed(1)} GiB free for .zameni`;
  if (freeGib >= GOOD_FREE_GIB) return found;
  const remedy = 'free some space; npm start -- --fresh deletes the local data';
  return { level: freeGib < MIN_FREE_GIB ? 'fail' : 'warn', found, remedy };
}

async function checkProgram(name: ServerName): Promise<Finding> {
  const result = await findServer(name, [natsFolder(SERVERS_FOLDER)]);
  if (isFound(result)) return `${result.version} (${result.path})`;
  const { entry, rejected } = result;
  const found = rejected.length > 0 ? rejected.join('; ') : 'not found';
  return {
    level: 'fail',
    found: `${found}; ${entry.minimumVersion} or newer is needed`,
    remedy: remedyFor(name),
  };
}

function remedyFor(name: ServerName): string {
  const { aptPackage, brewFormula } = SERVER_CATALOG[name];
  return name === 'nats'
    ? `npm start fetches it on Debian; elsewhere: brew install ${brewFormula}`
    : `sudo apt-get install ${aptPackage} (or brew install ${brewFormula})`;
}

async function checkOpenFiles(stack: Stack | undefined): Promise<Finding> {
  if (process.platform !== 'linux') return `not checked on ${process.platform}: see ulimit -n`;
  const pids: [string, number | string][] = Object.entries(stack?.pids ?? {});
  const limits = await Promise.all(
    (pids.length > 0 ? pids : [['this process', 'self'] as const]).map(async ([name, pid]) => {
      const text = await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '');
      return { name, limit: softLimit(text) };
    }),
  );
  const lowest = limits.toSorted((a, b) => a.limit - b.limit)[0];
  if (lowest === undefined || lowest.limit === Number.POSITIVE_INFINITY) return 'not limited';
  const found = `${lowest.limit} (${lowest.name})`;
  return lowest.limit >= GOOD_OPEN_FILES
    ? found
    : { level: 'warn', found, remedy: 'ulimit -n 65536, then npm start' };
}

/** Parses the soft limit of open files from `/proc/<pid>/limits`. Infinity if it is missing. */
export function softLimit(text: string): number {
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

function checkSecrets(folder: string): Promise<Check> {
  return check({
    area: 'machine',
    name: 'secrets',
    remedy: 'npm start',
    look: async () => {
      const names = await readdir(folder);
      const modes = await Promise.all(
        names.map(async (name) => ({ name, isOpen: await isOpen(join(folder, name)) })),
      );
      const open = modes.filter(({ isOpen }) => isOpen).map(({ name }) => name);
      if (open.length === 0) return `${names.length} files, readable by those who use them only`;
      const found = `others may read ${open.join(', ')}`;
      return { level: 'fail', found, remedy: `chmod 600 ${join(folder, '*')}` };
    },
  });
}

/**
 * Whether others than its owner may use a file. The group of a shared file is its readers. A file
 * that is gone, for example a released lock, is not open.
 */
async function isOpen(path: string): Promise<boolean> {
  try {
    const { mode, gid } = await stat(path);
    return (mode & (isGroupOfFile(gid) ? 0o037 : 0o077)) !== 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Returns the folder or its nearest existing ancestor. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}
