import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findSetpriv, wrapCommand } from '../host/launch.ts';
import type { Terminal } from '../output/terminal.ts';
import { REPOSITORY } from '../profile/names.ts';
import { createResultCounter, type Results } from './count-results.ts';

const STOP_DEADLINE_MS = 5_000;

/** Milliseconds without a line after which a run hangs: a test that never ends keeps AVA waiting. */
const SILENT_MS = 900_000;

/** Which tests to run, and against what. */
export type AvaOptions = {
  readonly files: readonly string[];
  readonly titles: readonly string[];
  /** The file that describes the stack to the tests, or null if they run without one. */
  readonly stackFile: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** Test files at once. AVA's configuration decides if it is left out. */
  readonly concurrency?: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
};

/** Runs AVA, prints its output as it arrives, and counts the results. */
export async function runAva(options: AvaOptions): Promise<Results> {
  const { files, titles, stackFile, env, concurrency, terminal, signal } = options;
  const ava = join(REPOSITORY, 'node_modules', '.bin', 'ava');
  const matches = titles.map((title) => `--match=${title}`);
  const atOnce = concurrency === undefined ? [] : [`--concurrency=${concurrency}`];
  const [program, ...args] = wrapCommand([ava, ...atOnce, ...matches, ...files], {
    setpriv: findSetpriv(),
    deathSignal: 'KILL',
  });
  const child = spawn(program, args, {
    cwd: REPOSITORY,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...env,
      ...(stackFile === null ? {} : { ZAMENI_STACK: stackFile }),
      ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
    },
  });
  const counter = createResultCounter();
  const stop = () => {
    signalGroup(child.pid, 'SIGTERM');
    setTimeout(() => signalGroup(child.pid, 'SIGKILL'), STOP_DEADLINE_MS).unref();
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const silent = setTimeout(() => {
    terminal.line('  A test does not end, so this run is stopped.');
    stop();
  }, SILENT_MS);
  createInterface({ input: child.stdout }).on('line', (line) => {
    silent.refresh();
    counter.add(line);
    terminal.line(line);
  });
  // Output of the tests themselves. It is shown but never counted.
  createInterface({ input: child.stderr }).on('line', terminal.line);
  await once(child, 'close');
  clearTimeout(silent);
  signal.removeEventListener('abort', stop);
  return counter.finish(child.exitCode);
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended by itself in between.
  }
}
