import { spawn } from 'node:child_process';
import { findSetpriv, type CommandLine, type RunAs, wrapCommand } from './launch.ts';
import { StackError } from '../output/stack-error.ts';

const MAX_OUTPUT_CHARACTERS = 200_000;
const SHOWN_LINES = 15;

/** Options for a command that ends by itself. */
export type CommandOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Keeps the environment of this process, but PATH, from a user who may be an intruder. */
  readonly hidesEnvironment?: boolean;
  readonly input?: string;
  readonly runAs?: RunAs | undefined;
};

/** Output and exit code of a finished command. */
export type CommandResult = { readonly code: number | null; readonly output: string };

/** Runs a command to its end and returns its output, both streams together. */
export async function runCommand(
  command: CommandLine,
  options: CommandOptions,
): Promise<CommandResult> {
  const { signal, timeoutMs, cwd, env, hidesEnvironment, input = '', runAs } = options;
  signal?.throwIfAborted();
  const [program, ...args] = wrapCommand(command, {
    setpriv: findSetpriv(),
    deathSignal: 'KILL',
    runAs,
  });
  const child = spawn(program, args, {
    // A process group of its own, so that Ctrl-C in a terminal reaches the supervisor only.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...(hidesEnvironment === true ? { PATH: process.env['PATH'] } : process.env), ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let output = '';
  const collect = (chunk: string) => {
    output = (output + chunk).slice(-MAX_OUTPUT_CHARACTERS);
  };
  child.stdout.setEncoding('utf8').on('data', collect);
  child.stderr.setEncoding('utf8').on('data', collect);
  // A command that ends before it has read its input closes the pipe. Its exit code reports more.
  child.stdin.on('error', () => undefined).end(input);

  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
  const stop = () => child.kill('SIGKILL');
  limit.addEventListener('abort', stop, { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  child.once('error', (cause) =>
    reject(new StackError(`${command[0]} cannot be started: ${cause.message}`, { cause })),
  );
  child.once('close', (code) => resolve({ code, output }));
  try {
    const result = await promise;
    signal?.throwIfAborted();
    if (limit.aborted)
      throw new StackError(`${command[0]} took longer than ${timeoutMs / 1000} s.`);
    return result;
  } finally {
    limit.removeEventListener('abort', stop);
  }
}

/** Runs a command that must succeed. On failure the error includes its last lines. */
export async function runOrFail(command: CommandLine, options: CommandOptions): Promise<string> {
  const { code, output } = await runCommand(command, options);
  if (code === 0) return output;
  const tail = output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n  ');
  throw new StackError(`${command.slice(0, 3).join(' ')} failed (exit ${code}):\n  ${tail}`);
}
