import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Another user to run a program as, for servers that refuse root. */
export type RunAs = {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  /** True when the data lies under a folder that this user may not enter. */
  readonly passClosedFolders: boolean;
};

/** A program with its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** How a program is started besides its own command line. */
export type LaunchOptions = {
  /** Path of setpriv, or null where there is none (macOS). */
  readonly setpriv: string | null;
  /** Sent by the kernel to the program when the supervisor dies, whatever it died of. */
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

/** Finds a program on PATH; programs of administrators are often in folders users lack there. */
export function findOnPath(program: string, extraFolders: readonly string[] = []): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...extraFolders];
  for (const folder of folders.filter((path) => path !== '')) {
    const candidate = join(folder, program);
    if (isExecutable(candidate)) return candidate;
  }
  return null;
}

/** Finds setpriv where it can tie a child's life to its parent's: on Linux only. */
export function findSetpriv(): string | null {
  return process.platform === 'linux' ? findOnPath('setpriv', ['/usr/bin', '/bin']) : null;
}

function userArguments(runAs: RunAs): string[] {
  // Reading past closed folders is the only right of root that is handed on, and only when needed.
  const capability = runAs.passClosedFolders
    ? ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
    : [];
  return [`--reuid=${runAs.uid}`, `--regid=${runAs.gid}`, '--init-groups', ...capability];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not for us: both mean "look further".
    return false;
  }
}
