import { listenForInterrupts } from '../host/interrupts.ts';
import { explainFault } from '../output/stack-error.ts';
import { createTerminal, type Terminal } from '../output/terminal.ts';
import type { Killers } from './run-parts.ts';

/** What a command in the foreground gets. */
export type Foreground = {
  readonly terminal: Terminal;
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  readonly killers: Killers;
};

/**
 * Runs a command and returns its exit code. The first signal aborts `signal`. A second one kills
 * all processes and exits. A fault is shown and gives exit code 1.
 */
export async function runInForeground(
  work: (foreground: Foreground) => Promise<number>,
): Promise<number> {
  const now = () => performance.now();
  const terminal = createTerminal({ write: (text) => process.stdout.write(text), now });
  const killers: Killers = new Set();
  using interrupts = listenForInterrupts({
    now,
    onSecond: (exitCode) => {
      for (const kill of killers) kill();
      process.exit(exitCode);
    },
  });
  const { signal } = interrupts;
  try {
    return await work({ terminal, signal, killers });
  } catch (fault) {
    if (signal.aborted) return 0;
    terminal.fault(explainFault(fault));
    return 1;
  }
}
