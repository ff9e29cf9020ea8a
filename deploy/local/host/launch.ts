import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Another user to run a program as. It has no other groups than these. */
export type RunAs = {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Whether the data lies below a folder that this user may not enter. */
  readonly passClosedFolders: boolean;
};

/** A program with its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** How to start a program, besides its command line. */
export type LaunchOptions = {
  /** Path of setpriv, or null if there is none (macOS). */
  readonly setpriv: string | null;
  /** The signal that the kernel sends to the program when the supervisor dies for any reason. */
  readonly deathSignal: 'KILL' | 'QUIT';
  readonly runAs?: RunAs | undefined;
};

/** Wraps a command so that it dies with its parent and runs as the right user. */
export function wrapCommand(command: CommandLine, options: LaunchOptions): CommandLine {
  const { setpriv, deathSignal, runAs } = options;
  if (setpriv === null) return command;
  return [
    setpriv,
    ...(runAs === undefined ? [] : userArguments(runAs)),
    '--pdeathsig',
    deathSignal,
    '--',
    ...command,
  ];
}

/** Finds a program on PATH or in extra folders, because an ordinary user's PATH may lack those. */
export function findOnPath(program: string, extraFolders: readonly string[] = []): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...extraFolders];
  for (const folder of folders.filter((path) => path !== '')) {
    const candidate = join(folder, program);
    if (isExecutable(candidate)) return candidate;
  }
  return null;
}

/** Finds setpriv if it can end a child with its parent, which works on Linux only. */
export function findSetpriv(): string | null {
  return process.platform === 'linux' ? findOnPath('setpriv', ['/usr/bin', '/bin']) : null;
}

function userArguments({ uid, gid, groups, passClosedFolders }: RunAs): string[] {
  // The only right of root that is passed on, and only if needed: to read in closed folders.
  const capability = passClosedFolders
    ? ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
    : [];
  const others = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
  // No program with the setuid bit gives it more.
  return [`--reuid=${uid}`, `--regid=${gid}`, others, '--no-new-privs', ...capability];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Missing or not executable: the search goes on in both cases.
    return false;
  }
}
