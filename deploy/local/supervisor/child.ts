import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { findSetpriv, type CommandLine, type RunAs, wrapCommand } from '../host/launch.ts';
import { openLogFile } from '../output/log-file.ts';
import { rotateWhileRunning } from '../output/log-rotation.ts';
import { createLogSink } from '../output/log-sink.ts';

/** How a child ended. */
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** How a child ended after a stop. */
export type StopExit = Exit & {
  /** True if it missed its deadline and was killed. */
  readonly isForced: boolean;
};

/** How to start and stop a long-running program. */
export type ChildSpec = {
  readonly name: string;
  readonly command: CommandLine;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly runAs?: RunAs | undefined;
  /**
   * The kernel sends it when the supervisor dies. QUIT is for programs whose helper processes would
   * survive a kill for a while.
   */
  readonly deathSignal: 'KILL' | 'QUIT';
  readonly stop: { readonly signal: NodeJS.Signals; readonly deadlineMs: number };
  /** Log files that the program writes itself. They are bounded as its output is. */
  readonly ownLogs?: readonly string[];
};

/** A started program. */
export type Child = {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Resolves when its last line is in the log file, or LAST_LINES_MS after its exit. */
  readonly logged: Promise<void>;
  /** Sends the stop signal, and kills the process group after the deadline. Idempotent. */
  readonly stop: () => Promise<StopExit>;
  readonly kill: () => void;
};

/** Where a child's output goes: always to its log file, and also to `onLine` if given. */
export type ChildOutput = {
  readonly logFile: string;
  readonly onLine?: ((line: string) => void) | undefined;
  /** True to append to the log of an earlier run instead of moving it aside. */
  readonly appends?: boolean;
};

/** Milliseconds to wait for last lines after an exit. A grandchild may hold the pipe open. */
const LAST_LINES_MS = 500;

/** Starts a program in a process group of its own. On Linux it dies with this process. */
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
  const rotations = new DisposableStack();
  for (const path of spec.ownLogs ?? []) rotations.use(rotateWhileRunning({ path }));
  if (output.onLine === undefined) {
    closeSync(log);
    rotations.use(rotateWhileRunning({ path: output.logFile }));
  } else copied = copyLines(process_, { fd: log, path: output.logFile }, output.onLine);

  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  process_.once('exit', (code, signal) => resolve({ code, signal }));
  // A program that cannot be started emits no exit. 127 is the code that a shell uses.
  process_.once('error', () => resolve({ code: 127, signal: null }));

  void exited.then(() => rotations.dispose());

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

/** The end of a child in words: its signal, or its exit code. */
export function describeExit({ code, signal }: Exit): string {
  return signal ?? `exit code ${code}`;
}

/** Copies the child's output to its log and to `onLine`. Resolves when all lines are written. */
function copyLines(
  child: ChildProcess,
  file: { readonly fd: number; readonly path: string },
  onLine: (line: string) => void,
): Promise<void> {
  const sink = createLogSink({ ...file, onFault: onLine });
  const { promise: copied, resolve } = Promise.withResolvers<void>();
  let open = 0;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    open += 1;
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => {
      sink.write(line);
      onLine(line);
    });
    lines.once('close', () => {
      open -= 1;
      if (open === 0) void sink.end().then(resolve);
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
    // The group has ended already.
  }
}
