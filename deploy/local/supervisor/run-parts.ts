import { createLineLimit, type LineLimit } from '../output/line-limit.ts';
import { toReadableLine } from '../output/log-line.ts';
import { requireFreePorts } from '../profile/port-check.ts';
import type { PortClaim } from '../profile/ports.ts';
import { RESTART_BOUNDS, type RestartBounds } from './restart-policy.ts';
import {
  createSupervisor,
  type Part,
  type Supervisor,
  type SupervisorOptions,
} from './start-and-stop.ts';
import { explainFault } from '../output/stack-error.ts';
import type { Death } from './supervised-process.ts';
import { inSeconds, type Terminal } from '../output/terminal.ts';

/** Functions that a second signal calls to kill all processes. */
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
  readonly restarts?: RestartBounds;
};

/** What a command can do while all parts run. */
export type Running = {
  readonly pids: Supervisor['pids'];
  /** Sets the callback for a restart of a process. The process has another pid then. */
  readonly whenRestarted: (callback: () => void) => void;
  /** Resolves at the first signal. Rejects if a part keeps dying. */
  readonly ended: Promise<void>;
};

/** Lines shown of a death that is followed by a restart. The log file has the rest. */
const SHOWN_DEATH_LINES = 5;

/** Lines shown of one process: twenty at once, then two a second. */
const SHOWN_LINES = { burst: 20, refillMs: 500, now: () => performance.now() };

/**
 * Starts the parts, calls `use`, and stops the parts in any case. Returns an exit code: the result
 * of `use`, 0 after a signal, or 1 if a part could not start, keeps dying or failed its drain.
 */
export async function runParts(
  options: RunOptions,
  use: (running: Running) => Promise<number>,
): Promise<number> {
  const {
    parts,
    claims,
    logFolder,
    terminal,
    signal,
    killers,
    restarts = RESTART_BOUNDS,
  } = options;
  await requireFreePorts(claims);
  let onRestart = () => {};
  const supervisor = createSupervisor(parts, {
    logFolder,
    restarts,
    step: terminal.step,
    onLine: createLineView(terminal),
    onDeath: (death) => showDeath(terminal, death),
    onRestart: () => onRestart(),
    onBack: (name, afterMs) => terminal.success(`${name} back after ${inSeconds(afterMs)}`),
    onLate: ({ message }) => terminal.fault(message),
  });
  const whenRestarted = (callback: () => void) => {
    onRestart = callback;
  };
  killers.add(supervisor.kill);
  let code = 0;
  try {
    await supervisor.start(signal);
    const ended = watch(supervisor, signal);
    code = await use({ pids: supervisor.pids, whenRestarted, ended });
  } catch (fault) {
    if (!signal.aborted) {
      terminal.fault(explainFault(fault));
      code = 1;
    }
  }
  const badStops = await stopAll(supervisor, terminal);
  killers.delete(supervisor.kill);
  for (const { message } of badStops) terminal.fault(message);
  return code === 0 && badStops.some(({ isFailure }) => isFailure) ? 1 : code;
}

/** Stops the parts. A fault of the stop leaves no process either, which would keep this one alive. */
async function stopAll({ stop, kill }: Supervisor, terminal: Terminal) {
  try {
    return await terminal.step('stopping', stop);
  } catch (fault) {
    kill();
    throw fault;
  }
}

function watch(supervisor: Supervisor, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  void supervisor.died.then(reject);
  // Not every command waits for the end, so a rejection may have no other handler.
  promise.catch(() => undefined);
  return promise;
}

/**
 * Shows lines of processes up to a rate. It omits lines about requests, and after readiness all but
 * warnings.
 */
function createLineView(terminal: Terminal): SupervisorOptions['onLine'] {
  const limits = new Map<string, LineLimit>();
  return (name, line, isReady) => {
    const { text, isWarning, isRequest } = toReadableLine(line);
    if (!isWarning && (isReady || isRequest)) return;
    const limit = limits.get(name) ?? createLineLimit(SHOWN_LINES);
    limits.set(name, limit);
    const held = limit.admit();
    if (held === null) return;
    if (held > 0) terminal.prefixed(name, `… ${held} more lines are in its log`);
    terminal.prefixed(name, text);
  };
}

function showDeath(terminal: Terminal, { name, how, delayMs, lines }: Death): void {
  terminal.prefixed(name, `died (${how}), restarting in ${inSeconds(delayMs)}; its last lines:`);
  for (const line of lines.slice(-SHOWN_DEATH_LINES)) terminal.prefixed(name, `  ${line}`);
}
