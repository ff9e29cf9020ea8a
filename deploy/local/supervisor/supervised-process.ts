import { setTimeout as delay } from 'node:timers/promises';
import { logFile, logSize } from '../output/log-file.ts';
import type { StackError } from '../output/stack-error.ts';
import { type BadStop, judgeStop } from './bad-stop.ts';
import { createDeathError, toStackError } from './process-fault.ts';
import { type ProcessRun, type RunEnd, type RunSpec, startRun } from './process-run.ts';
import { createRestartPolicy, type RestartBounds } from './restart-policy.ts';

/** A program that runs as long as the stack does. */
export type ProcessPart = RunSpec & {
  readonly kind: 'process';
  readonly after: readonly string[];
  /** Work before its first start that needs the parts in `after`, such as copying a database. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  /** True for a service of ours: if it fails its drain, the exit code of the stack is 1. */
  readonly mustDrain: boolean;
};

/** A death that is followed by another start. */
export type Death = {
  readonly name: string;
  /** The exit in words, such as `exit code 1`. */
  readonly how: string;
  /** Milliseconds until the next start. */
  readonly delayMs: number;
  /** The last lines it logged. */
  readonly lines: readonly string[];
};

/** What a supervised process reports, and what it asks. */
export type ProcessWatch = {
  readonly logFolder: string;
  readonly restarts: RestartBounds;
  readonly onLine: (name: string, line: string, isReady: boolean) => void;
  readonly onDeath: (death: Death) => void;
  /** The process was started again and has another pid. */
  readonly onRestart: () => void;
  /** The process is ready again, this many milliseconds after its death. */
  readonly onBack: (name: string, afterMs: number) => void;
  /** The process missed its deadline for readiness. Supervision goes on waiting for it. */
  readonly onLate: (fault: StackError) => void;
  /** False while the stack starts or stops: a death is final then. */
  readonly mayRestart: () => boolean;
  readonly onGivenUp: (fault: StackError) => void;
};

/** A process that is kept running. */
export type SupervisedProcess = {
  /** Resolves when the process is ready for the first time. Rejects if it dies before. */
  readonly start: (signal: AbortSignal) => Promise<void>;
  /** Stops the process for good and returns what was wrong with its end. Idempotent. */
  readonly stop: () => Promise<BadStop | null>;
  readonly kill: () => void;
  /** The pid of its last start; undefined before the first. */
  readonly pid: () => number | undefined;
};

/**
 * Keeps a process running. States:
 * - running: a run exists, which is starting or ready.
 * - dead: the run ended. The next one starts after a growing delay.
 * - given up: it died too often, or may not restart. Final.
 * - stopped: `stop` or `kill` was called. Final.
 *
 * A restarted process that is alive but not ready is waited for without a deadline: it may wait for
 * another process that restarts, and killing it would only take longer.
 */
export function superviseProcess(part: ProcessPart, watch: ProcessWatch): SupervisedProcess {
  const { name } = part;
  const path = logFile(watch.logFolder, name);
  const policy = createRestartPolicy(watch.restarts, {
    now: () => performance.now(),
    random: Math.random,
  });
  const stopping = new AbortController();
  let run: ProcessRun | null = null;
  let stopped: Promise<BadStop | null> | null = null;

  function startNext(logStart: number | null): ProcessRun {
    stopping.signal.throwIfAborted();
    const onLine = (line: string, isReady: boolean) => watch.onLine(name, line, isReady);
    run = startRun(part, { path, logStart, onLine });
    return run;
  }

  async function start(signal: AbortSignal): Promise<void> {
    await part.prepare?.(signal);
    signal.throwIfAborted();
    const first = startNext(null);
    void keepRunning(first);
    await first.untilReady(signal);
    policy.onReady();
  }

  async function keepRunning(first: ProcessRun): Promise<void> {
    try {
      for (let current = first; ; ) {
        const end = await current.ended;
        if (stopping.signal.aborted) return;
        const delayMs = watch.mayRestart() ? policy.onDeath() : null;
        if (delayMs === null) return giveUp(end);
        watch.onDeath({ name, how: end.how, delayMs, lines: end.lines });
        await delay(delayMs, undefined, { signal: stopping.signal });
        current = startNext(await logSize(path));
        watch.onRestart();
        void reportWhenBack(current, end.atMs);
      }
    } catch (thrown) {
      if (!stopping.signal.aborted) watch.onGivenUp(toStackError(name, thrown));
    }
  }

  function giveUp({ how, lines }: RunEnd): void {
    const what = watch.mayRestart()
      ? `${name} died ${watch.restarts.maxDeaths} times in a row without becoming ready (${how})`
      : `${name} ended unexpectedly (${how})`;
    watch.onGivenUp(createDeathError(what, { name, lines, path }));
  }

  async function reportWhenBack(current: ProcessRun, diedAtMs: number): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await current.untilReady(stopping.signal);
        policy.onReady();
        return watch.onBack(name, performance.now() - diedAtMs);
      } catch (thrown) {
        // After a death `keepRunning` continues; after a missed deadline the wait does.
        if ((await current.hasExited()) || stopping.signal.aborted) return;
        watch.onLate(toStackError(name, thrown));
      }
    }
  }

  async function stop(): Promise<BadStop | null> {
    stopping.abort(new Error(`${name} is stopped`));
    // A death before the stop was reported when it happened.
    if (run === null || (await run.hasExited())) return null;
    const wasReady = run.isReady();
    return judgeStop(part, { ...(await run.stop()), wasReady, log: path });
  }

  return {
    start,
    stop: () => (stopped ??= stop()),
    kill: () => {
      stopping.abort(new Error(`${name} is killed`));
      run?.kill();
    },
    pid: () => run?.pid,
  };
}
