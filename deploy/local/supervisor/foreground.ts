import { passProxyOnLoopback, watchOutputs } from '@zameni/runtime/terminal';
import { listenForInterrupts } from '../host/interrupts.ts';
import { explainFault } from '../output/stack-error.ts';
import { createTerminal, type Terminal } from '../output/terminal.ts';
import type { Killers } from './run-parts.ts';

/** What a command in the foreground gets. */
export type Foreground = {
  readonly terminal: Terminal;
  /** Aborted by the first signal, and when the output cannot be written. */
  readonly signal: AbortSignal;
  readonly killers: Killers;
};

/**
 * Runs a command and returns its exit code. The first signal aborts `signal`. A second one kills
 * all processes and exits. A fault is shown and gives exit code 1. An output that cannot be written
 * ends the command as a signal does. Requests to this machine pass any proxy.
 */
export async function runInForeground(
  work: (foreground: Foreground) => Promise<number>,
): Promise<number> {
  passProxyOnLoopback(process.env);
  const now = () => performance.now();
  const unwritable = new AbortController();
  let failedStatus: number | undefined;
  const onWritten = watchOutputs(process, ({ exitStatus, message }) => {
    failedStatus = exitStatus;
    if (message !== undefined) process.stderr.write(`${message}; everything is stopped\n`);
    unwritable.abort(new Error('the output cannot be written'));
  });
  const write = (text: string) => {
    if (failedStatus !== undefined) return;
    process.stdout.write(text);
    onWritten();
  };
  const terminal = createTerminal({ write, now });
  const killers: Killers = new Set();
  using interrupts = listenForInterrupts({
    now,
    onSecond: (exitCode) => {
      for (const kill of killers) kill();
      process.exit(exitCode);
    },
  });
  const signal = AbortSignal.any([interrupts.signal, unwritable.signal]);
  try {
    const exitCode = await work({ terminal, signal, killers });
    return failedStatus ?? exitCode;
  } catch (fault) {
    if (signal.aborted) return failedStatus ?? 0;
    terminal.fault(explainFault(fault));
    return 1;
  }
}
