import { StackError } from '../output/stack-error.ts';
import type { BadStop } from './bad-stop.ts';
import {
  type ProcessPart,
  type ProcessWatch,
  type SupervisedProcess,
  superviseProcess,
} from './supervised-process.ts';

/** Work that runs once while the stack starts. */
export type StepPart = {
  readonly kind: 'step';
  readonly name: string;
  readonly after: readonly string[];
  /** Milliseconds after which the signal of its work aborts. */
  readonly deadlineMs: number;
  readonly run: (signal: AbortSignal) => Promise<void>;
};

/** A part of a stack. Its `after` names earlier parts of the list only. */
export type Part = ProcessPart | StepPart;

/** What the supervisor reports. */
export type SupervisorOptions = Omit<ProcessWatch, 'mayRestart' | 'onGivenUp'> & {
  /** Runs the start of a part and reports how long it takes. */
  readonly step: (name: string, work: () => Promise<void>) => Promise<void>;
};

/** A set of processes that start and stop together. */
export type Supervisor = {
  /** Resolves when all parts are ready. Rejects with the first fault, or the signal's reason. */
  readonly start: (signal: AbortSignal) => Promise<void>;
  /** Stops each process before those it depends on. Returns the bad stops. Idempotent. */
  readonly stop: () => Promise<readonly BadStop[]>;
  readonly kill: () => void;
  /** Resolves when a process has died that is not started again. */
  readonly died: Promise<StackError>;
  /** Pids by the name of the part. */
  readonly pids: () => Record<string, number>;
};

/**
 * States: starting → running → stopping. A part starts when all parts in its `after` are ready.
 * - starting: a death of a process fails the start.
 * - running: a process that dies is started again. One that keeps dying resolves `died`, and the
 *   owner of the supervisor stops the rest.
 * - stopping: a process that misses its deadline is killed. A process left behind is worse than a
 *   process killed early.
 *
 * Throws before anything starts if the list is not in order.
 */
export function createSupervisor(parts: readonly Part[], options: SupervisorOptions): Supervisor {
  requireOrder(parts);
  const processes = new Map<string, SupervisedProcess>();
  const died = Promise.withResolvers<StackError>();
  let isRunning = false;
  let stopping: Promise<BadStop[]> | null = null;
  const watch: ProcessWatch = {
    ...options,
    mayRestart: () => isRunning && stopping === null,
    onGivenUp: (fault) => {
      if (stopping === null) died.resolve(fault);
    },
  };

  async function start(signal: AbortSignal): Promise<void> {
    const failure = new AbortController();
    void died.promise.then((fault) => failure.abort(fault));
    const either = AbortSignal.any([signal, failure.signal]);
    const ready = new Map<string, Promise<void>>();
    for (const part of parts) {
      const earlier = part.after.flatMap((name) => ready.get(name) ?? []);
      const started = Promise.all(earlier).then(() => startPart(part, either));
      ready.set(part.name, started);
      started.catch((fault: unknown) => failure.abort(fault));
    }
    await Promise.allSettled(ready.values());
    either.throwIfAborted();
    isRunning = true;
  }

  async function startPart(part: Part, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await options.step(part.name, () => {
      return part.kind === 'step' ? runStep(part, signal) : startProcess(part, signal);
    });
  }

  async function startProcess(part: ProcessPart, signal: AbortSignal): Promise<void> {
    const supervised = superviseProcess(part, watch);
    processes.set(part.name, supervised);
    await supervised.start(signal);
  }

  async function stop(): Promise<BadStop[]> {
    const stopped = new Map<string, Promise<BadStop | null>>();
    for (const part of parts.toReversed()) {
      const dependents = parts.filter(({ after }) => after.includes(part.name));
      const earlier = dependents.flatMap(({ name }) => stopped.get(name) ?? []);
      stopped.set(part.name, stopAfter(earlier, processes.get(part.name)));
    }
    const verdicts = await Promise.all(stopped.values());
    return verdicts.filter((verdict) => verdict !== null);
  }

  return {
    start,
    stop: () => (stopping ??= stop()),
    kill: () => {
      for (const supervised of processes.values()) supervised.kill();
    },
    died: died.promise,
    pids: () =>
      Object.fromEntries(
        [...processes].flatMap(([name, { pid }]) => {
          const number = pid();
          return number === undefined ? [] : [[name, number] as const];
        }),
      ),
  };
}

async function runStep(part: StepPart, signal: AbortSignal): Promise<void> {
  const { name, deadlineMs, run } = part;
  const limit = AbortSignal.timeout(deadlineMs);
  await run(AbortSignal.any([signal, limit])).catch((cause: unknown) => {
    if (limit.aborted) {
      throw new StackError(`${name} took longer than ${deadlineMs / 1000} s.`, { cause });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StackError(`${name}: ${reason}`, { cause });
  });
}

async function stopAfter(
  earlier: readonly Promise<unknown>[],
  supervised: SupervisedProcess | undefined,
): Promise<BadStop | null> {
  await Promise.all(earlier);
  return (await supervised?.stop()) ?? null;
}

/** Each part has a name of its own and starts after earlier parts only. */
function requireOrder(parts: readonly Part[]): void {
  const earlier = new Set<string>();
  for (const { name, after } of parts) {
    const missing = after.find((dependency) => !earlier.has(dependency));
    if (missing !== undefined) {
      throw new StackError(`${name} starts after ${missing}, which is not an earlier part.`);
    }
    if (earlier.has(name)) throw new StackError(`Two parts are named ${name}.`);
    earlier.add(name);
  }
}
