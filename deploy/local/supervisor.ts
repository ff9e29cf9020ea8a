import { type Child, type ChildSpec, describeExit, startChild } from './child.ts';
import { logFile, readTail } from './log-file.ts';
import { readLogLine } from './log-line.ts';
import { type Probe, waitUntilReady } from './probe.ts';
import { StackError } from './stack-error.ts';

const SHOWN_LOG_LINES = 20;

/** A program that runs as long as the stack does. */
export type ProcessPart = ChildSpec & {
  readonly kind: 'process';
  readonly after: readonly string[];
  /** Work before its start that needs what it starts after, such as copying a database. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  readonly probe: Probe;
  readonly readyDeadlineMs: number;
  /** True when the terminal should see its lines, not its log file only. */
  readonly showsLines: boolean;
};

/** Work that is done once while the stack starts. */
export type StepPart = {
  readonly kind: 'step';
  readonly name: string;
  readonly after: readonly string[];
  readonly run: (signal: AbortSignal) => Promise<void>;
};

/** One thing a stack is made of. A part only names earlier parts of its list in `after`. */
export type Part = ProcessPart | StepPart;

/** What the supervisor tells while it works. */
export type SupervisorOptions = {
  readonly logFolder: string;
  /** Runs the start of a part and tells how long it takes. */
  readonly step: (name: string, work: () => Promise<void>) => Promise<void>;
  readonly onLine: (name: string, line: string, isReady: boolean) => void;
};

/** A set of processes that start, live and stop together. */
export type Supervisor = {
  readonly start: (signal: AbortSignal) => Promise<void>;
  /** Stops everything, what depends on others first; asking again changes nothing. */
  readonly stop: () => Promise<void>;
  readonly kill: () => void;
  /** Settles when a child ends that nobody stopped. */
  readonly died: Promise<StackError>;
  readonly pids: () => Record<string, number>;
};

/**
 * States: starting → running → stopping. Each part starts as soon as all parts it is `after` are
 * ready. A child that ends by itself fails the start, or later settles `died`; whoever owns the
 * supervisor then stops the rest. A process left behind is worse than one stopped too hard, so a
 * child that misses its deadline is killed.
 */
export function createSupervisor(parts: readonly Part[], options: SupervisorOptions): Supervisor {
  const children = new Map<string, Child>();
  const died = Promise.withResolvers<StackError>();
  let stopping: Promise<void> | null = null;

  async function start(signal: AbortSignal): Promise<void> {
    const failure = new AbortController();
    void died.promise.then((fault) => failure.abort(fault));
    const either = AbortSignal.any([signal, failure.signal]);
    const ready = new Map<string, Promise<void>>();
    for (const part of parts) {
      const earlier = part.after.map((name) => ready.get(name) ?? missing(part.name, name));
      const started = Promise.all(earlier).then(() => startPart(part, either));
      ready.set(part.name, started);
      started.catch((fault: unknown) => failure.abort(fault));
    }
    await Promise.allSettled(ready.values());
    either.throwIfAborted();
  }

  async function startPart(part: Part, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await options.step(part.name, () => {
      return part.kind === 'step' ? runStep(part, signal) : startProcess(part, signal);
    });
  }

  async function startProcess(part: ProcessPart, signal: AbortSignal): Promise<void> {
    await part.prepare?.(signal);
    signal.throwIfAborted();
    let isReady = false;
    const onLine = (line: string) => options.onLine(part.name, line, isReady);
    const path = logFile(options.logFolder, part.name);
    const child = startChild(part, { logFile: path, onLine: part.showsLines ? onLine : undefined });
    children.set(part.name, child);
    const ended = new AbortController();
    const death = reportDeath(child, path, ended);
    const either = AbortSignal.any([signal, ended.signal]);
    const { readyDeadlineMs: deadlineMs } = part;
    const waited = waitUntilReady(part.probe, { what: part.name, deadlineMs, signal: either });
    // Something else may already answer on its port: a child that ended is never ready.
    await Promise.race([waited, death]).finally(() => either.throwIfAborted());
    isReady = true;
  }

  async function reportDeath(child: Child, path: string, ended: AbortController): Promise<void> {
    const how = describeExit(await child.exited);
    const fault = await describeDeath(child.name, how, path);
    ended.abort(fault);
    if (stopping === null) died.resolve(fault);
  }

  async function stop(): Promise<void> {
    const stopped = new Map<string, Promise<void>>();
    for (const part of parts.toReversed()) {
      const dependents = parts.filter(({ after }) => after.includes(part.name));
      const earlier = dependents.map(({ name }) => stopped.get(name) ?? missing(name, part.name));
      stopped.set(part.name, stopAfter(earlier, children.get(part.name)));
    }
    await Promise.all(stopped.values());
  }

  return {
    start,
    stop: () => (stopping ??= stop()),
    kill: () => {
      for (const child of children.values()) child.kill();
    },
    died: died.promise,
    pids: () => Object.fromEntries([...children.values()].map(({ name, pid }) => [name, pid])),
  };
}

async function runStep({ name, run }: StepPart, signal: AbortSignal): Promise<void> {
  await run(signal).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StackError(`${name}: ${reason}`, { cause });
  });
}

async function stopAfter(earlier: readonly Promise<void>[], child?: Child): Promise<void> {
  await Promise.all(earlier);
  await child?.stop();
}

function missing(part: string, dependency: string): never {
  throw new StackError(`${part} starts after ${dependency}, which is not an earlier part.`);
}

async function describeDeath(name: string, how: string, path: string): Promise<StackError> {
  const lines = await readTail(path, SHOWN_LOG_LINES);
  const shown = lines.map((line) => `  ${name} │ ${readLogLine(line).text}`).join('\n');
  return new StackError(`${name} ended unexpectedly (${how}). Its last lines (${path}):\n${shown}`);
}
