import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { findSetpriv, type CommandLine, type RunAs, wrapCommand } from '../host/launch.ts';
import { openLogFile } from '../output/log-file.ts';

/** How a child ended. */
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** How a child ended that was asked to. */
export type StopExit = Exit & {
  /** True when it did not end by its deadline and was killed. */
  readonly isForced: boolean;
};

/** How a long-running program is started and stopped. */
export type ChildSpec = {
  readonly name: string;
  readonly command: CommandLine;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly runAs?: RunAs | undefined;
  /** Sent by the kernel when the supervisor dies; QUIT where a kill would leave helpers for a while. */
  readonly deathSignal: 'KILL' | 'QUIT';
  readonly stop: { readonly signal: NodeJS.Signals; readonly deadlineMs: number };
};

/** A started program. */
export type Child = {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Resolves when its last line is in the log file, or soon after its exit at the latest. */
  readonly logged: Promise<void>;
  /** Asks the child to end and forces it after its deadline; asking again changes nothing. */
  readonly stop: () => Promise<StopExit>;
  readonly kill: () => void;
};

/** Where a child's output goes: always to its log file, and line by line to `onLine` when given. */
export type ChildOutput = {
  readonly logFile: string;
  readonly onLine?: ((line: string) => void) | undefined;
  /** True when a log of an earlier life goes on instead of being put aside. */
  readonly appends?: boolean;
};

/** Milliseconds after an exit in which last lines still arrive; a heir may hold the pipe for ever. */
const LAST_LINES_MS = 500;

/** Starts a program in its own process group, tied to the life of this process. */
export function startChild(spec: ChildSpec, output: ChildOutput): Child {
  const log = openLogFile(output.logFile, output.appends ?? false);
  const [program, ...args] = wrapCommand(spec.command, { ...spec, setpriv: findSetpriv() });
  const sink = output.onLine === undefined ? log : 'pipe';
  const process_ = spawn(program, args, {
    detached: true,
    stdio: ['ignore', sink, sink],
    env: { ...spec.env },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  });
  let copied = Promise.resolve();
  if (output.onLine === undefined) closeSync(log);
  else copied = copyLines(process_, log, output.onLine);

  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  process_.once('exit', (code, signal) => resolve({ code, signal }));
  // A program that cannot be started never exits; 127 is what a shell says then.
  process_.once('error', () => resolve({ code: 127, signal: null }));

  const pid = process_.pid ?? 0;
  const send = (signal: NodeJS.Signals) => signalProcess(process_, signal);
  let stopping: Promise<StopExit> | null = null;
  async function stop(): Promise<StopExit> {
    let isForced = false;
    send(spec.stop.signal);
    const force = setTimeout(() => {
      isForced = true;
      killGroup(pid);
    }, spec.stop.deadlineMs);
    const exit = await exited;
    clearTimeout(force);
    return { ...exit, isForced };
  }
  return {
    name: spec.name,
    pid,
    exited,
    logged: Promise.race([
      copied,
      exited.then(() => delay(LAST_LINES_MS, undefined, { ref: false })),
    ]),
    stop: () => (stopping ??= stop()),
    kill: () => killGroup(pid),
  };
}

/** Says in words how a child ended. */
export function describeExit({ code, signal }: Exit): string {
  return signal ?? `exit code ${code}`;
}

/** Resolves when all lines are written. */
function copyLines(
  child: ChildProcess,
  log: number,
  onLine: (line: string) => void,
): Promise<void> {
  const file = createWriteStream('', { fd: log });
  const { promise: copied, resolve } = Promise.withResolvers<void>();
  file.once('close', resolve);
  let open = 0;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    open += 1;
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => {
      file.write(`${line}\n`);
      onLine(line);
    });
    lines.once('close', () => {
      open -= 1;
      if (open === 0) file.end();
    });
  }
  return copied;
}

function signalProcess(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
}

function killGroup(pid: number): void {
  if (pid === 0) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
