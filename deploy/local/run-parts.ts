import { readLogLine } from './log-line.ts';
import { requireFreePorts } from './port-check.ts';
import type { PortClaim } from './ports.ts';
import { createSupervisor, type Part, type Supervisor } from './supervisor.ts';
import { explainFault } from './stack-error.ts';
import type { Terminal } from './terminal.ts';

/** What a second signal calls to end everything at once. */
export type Killers = Set<() => void>;

/** A set of parts and everything needed to run them in the foreground. */
export type RunOptions = {
  readonly parts: readonly Part[];
  readonly claims: readonly PortClaim[];
  readonly logFolder: string;
  readonly terminal: Terminal;
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  readonly killers: Killers;
};

/** What may be done while all parts run. */
export type Running = {
  readonly pids: Supervisor['pids'];
  /** Resolves when a signal came, rejects when a part died. */
  readonly ended: Promise<void>;
};

/** Requests to a service are its own log's matter, the first ones are only our readiness probes. */
const REQUEST_LINE = /^(?:trace|debug|info): (?:incoming request|request completed)/;

/**
 * Starts the parts, lets `use` work with them, and stops them whatever happened. Returns what `use`
 * returned, 0 when a signal came before that, 1 when a part could not start or died.
 */
export async function runParts(
  options: RunOptions,
  use: (running: Running) => Promise<number>,
): Promise<number> {
  const { parts, claims, logFolder, terminal, signal, killers } = options;
  await requireFreePorts(claims);
  const supervisor = createSupervisor(parts, {
    logFolder,
    step: terminal.step,
    onLine: (name, line, isReady) => showLine(terminal, name, line, isReady),
  });
  killers.add(supervisor.kill);
  try {
    await supervisor.start(signal);
    return await use({ pids: supervisor.pids, ended: watch(supervisor, signal) });
  } catch (fault) {
    if (signal.aborted) return 0;
    terminal.fault(explainFault(fault));
    return 1;
  } finally {
    await terminal.step('stopping', supervisor.stop);
    killers.delete(supervisor.kill);
  }
}

function watch(supervisor: Supervisor, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  void supervisor.died.then(reject);
  // Not everyone who runs parts waits for their end.
  promise.catch(() => undefined);
  return promise;
}

function showLine(terminal: Terminal, name: string, line: string, isReady: boolean): void {
  const { text, isWarning } = readLogLine(line);
  if (isWarning || (!isReady && !REQUEST_LINE.test(text))) terminal.prefixed(name, text);
}
