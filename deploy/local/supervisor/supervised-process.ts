import { setTimeout as delay } from 'node:timers/promises';
import { logFile, logSize, readTail } from '../output/log-file.ts';
import { readLogLine } from '../output/log-line.ts';
import { StackError } from '../output/stack-error.ts';
import { type BadStop, judgeStop } from './bad-stop.ts';
import { type Child, type ChildSpec, describeExit, startChild } from './child.ts';
import { type Probe, waitUntilReady } from './probe.ts';
import { createRestartPolicy, type RestartBounds } from './restart-policy.ts';

const SHOWN_LOG_LINES = 20;

/** A program that runs as long as the stack does. */
export type ProcessPart = ChildSpec & {
  readonly kind: 'process';
  readonly after: readonly string[];
  /** Work before its first start that needs what it starts after, such as copying a database. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  readonly probe: Probe;
  readonly readyDeadlineMs: number;
  /** True when the terminal should see its lines, not its log file only. */
  readonly showsLines: boolean;
  /** True for a service of ours: one that fails its drain makes the exit code of the stack 1. */
  readonly mustDrain: boolean;
};

/** A death that is followed by another start. */
export type Death = {
  readonly name: string;
  readonly how: string;
  readonly delayMs: number;
  /** The last lines it logged. */
  readonly lines: readonly string[];
};

/** What a supervised process tells, and what it asks. */
export type ProcessWatch = {
  readonly logFolder: string;
  readonly restarts: RestartBounds;
  readonly onLine: (name: string, line: string, isReady: boolean) => void;
  readonly onDeath: (death: Death) => void;
  /** It was started again, so it has another pid. */
  readonly onRestart: () => void;
  readonly onBack: (name: string, afterMs: number) => void;
  /** It needs longer than it should, and is waited for. */
  readonly onLate: (fault: StackError) => void;
  /** False while the stack starts: a death is final then. */
  readonly mayRestart: () => boolean;
  readonly onGivenUp: (fault: StackError) => void;
};

/** A process that is kept running. */
export type SupervisedProcess = {
  /** Resolves when it is ready for the first time; rejects when it dies before. */
  readonly start: (signal: AbortSignal) => Promise<void>;
  /** Stops it for good and tells what was wrong with its end; asking again changes nothing. */
  readonly stop: () => Promise<BadStop | null>;
  readonly kill: () => void;
  /** The pid of its last start; undefined before the first. */
  readonly pid: () => number | undefined;
};

type Life = { readonly child: Child; readonly logStart: number; isReady: boolean };

/** What is shown of a process that ended. */
type Ending = { readonly name: string; readonly lines: readonly string[]; readonly path: string };

/**
 * States: starting → ready → dead → (after a growing delay) starting …, until stopped or given up.
 * A restarted process that is alive but not ready is waited for without end: what it waits for may
 * be another that restarts, and killing it would only lengthen that.
 */
export function superviseProcess(part: ProcessPart, watch: ProcessWatch): SupervisedProcess {
  const { name } = part;
  const path = logFile(watch.logFolder, name);
  const policy = createRestartPolicy(watch.restarts, {
    now: () => performance.now(),
    random: Math.random,
  });
  const stopping = new AbortController();
  let current: Life | null = null;
  let stopped: Promise<BadStop | null> | null = null;

  async function start(signal: AbortSignal): Promise<void> {
    await part.prepare?.(signal);
    signal.throwIfAborted();
    const life = await spawn({ appends: false });
    void keepAlive(life);
    await untilReady(life, signal);
  }

  async function spawn(log: { appends: boolean }): Promise<Life> {
    const logStart = log.appends ? await logSize(path) : 0;
    stopping.signal.throwIfAborted();
    const onLine = (line: string) => watch.onLine(name, line, life.isReady);
    const output = { logFile: path, onLine: part.showsLines ? onLine : undefined, ...log };
    const life: Life = { child: startChild(part, output), logStart, isReady: false };
    current = life;
    return life;
  }

  /** Waits for the first readiness of a life; rejects when it ends before or the deadline passes. */
  async function untilReady(life: Life, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const death = abortWhenEnded(life, ended);
    const either = AbortSignal.any([signal, ended.signal]);
    const { readyDeadlineMs: deadlineMs } = part;
    const waited = waitUntilReady(part.probe, { what: name, deadlineMs, signal: either });
    // Something else may already answer on its port: a child that ended is never ready.
    await Promise.race([waited, death]).finally(() => either.throwIfAborted());
    life.isReady = true;
    policy.onReady();
  }

  async function abortWhenEnded(life: Life, ended: AbortController): Promise<void> {
    const how = describeExit(await life.child.exited);
    const lines = await lastLines(life);
    ended.abort(toFault(`${name} ended unexpectedly (${how})`, { name, lines, path }));
  }

  async function keepAlive(first: Life): Promise<void> {
    try {
      for (let life = first; ; ) {
        const exit = await life.child.exited;
        const diedAt = performance.now();
        if (stopping.signal.aborted) return;
        const how = describeExit(exit);
        const lines = await lastLines(life);
        const delayMs = watch.mayRestart() ? policy.onDeath() : null;
        if (delayMs === null) return giveUp(how, lines);
        watch.onDeath({ name, how, delayMs, lines });
        await delay(delayMs, undefined, { signal: stopping.signal });
        life = await spawn({ appends: true });
        watch.onRestart();
        void tellWhenBack(life, diedAt);
      }
    } catch (fault) {
      if (!stopping.signal.aborted) watch.onGivenUp(toStackError(name, fault));
    }
  }

  function giveUp(how: string, lines: readonly string[]): void {
    const what = watch.mayRestart()
      ? `${name} died ${watch.restarts.maxDeaths} times in a row without becoming ready (${how})`
      : `${name} ended unexpectedly (${how})`;
    watch.onGivenUp(toFault(what, { name, lines, path }));
  }

  async function tellWhenBack(life: Life, diedAt: number): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await untilReady(life, stopping.signal);
        return watch.onBack(name, performance.now() - diedAt);
      } catch (fault) {
        // When it ended, `keepAlive` goes on; when only its time is over, it is waited for.
        if ((await hasEnded(life.child)) || stopping.signal.aborted) return;
        watch.onLate(toStackError(name, fault));
      }
    }
  }

  /** A death counts whatever became of the log, so this never rejects. */
  async function lastLines({ child, logStart }: Life): Promise<string[]> {
    try {
      await child.logged;
      const lines = await readTail(path, SHOWN_LOG_LINES, logStart);
      return lines.map((line) => readLogLine(line).text);
    } catch (fault) {
      return [`(its log cannot be read: ${toStackError(name, fault).message})`];
    }
  }

  async function stop(): Promise<BadStop | null> {
    stopping.abort(new Error(`${name} is stopped`));
    // A death before the stop was told as such.
    if (current === null || (await hasEnded(current.child))) return null;
    const { child, isReady } = current;
    return judgeStop(part, { ...(await child.stop()), wasReady: isReady, log: path });
  }

  return {
    start,
    stop: () => (stopped ??= stop()),
    kill: () => {
      stopping.abort(new Error(`${name} is killed`));
      current?.child.kill();
    },
    pid: () => current?.child.pid,
  };
}

async function hasEnded({ exited }: Child): Promise<boolean> {
  return Promise.race([exited.then(() => true), delay(0, false)]);
}

function toFault(what: string, { name, lines, path }: Ending): StackError {
  const shown = lines.map((line) => `  ${name} │ ${line}`).join('\n');
  return new StackError(`${what}. Its last lines (${path}):\n${shown}`);
}

function toStackError(name: string, fault: unknown): StackError {
  if (fault instanceof StackError) return fault;
  const reason = fault instanceof Error ? fault.message : String(fault);
  return new StackError(`${name}: ${reason}`, { cause: fault });
}
