import { setTimeout as delay } from 'node:timers/promises';
import { readTail } from '../output/log-file.ts';
import { toReadableLine } from '../output/log-line.ts';
import { type ChildSpec, describeExit, startChild, type StopExit } from './child.ts';
import { type Probe, waitUntilReady } from './probe.ts';
import { createDeathError, toStackError } from './process-fault.ts';

const SHOWN_LOG_LINES = 20;

/** A program, and how to know that it is ready. */
export type RunSpec = ChildSpec & {
  readonly probe: Probe;
  readonly readyDeadlineMs: number;
  /** True if the terminal shows its lines. Its log file always has them. */
  readonly showsLines: boolean;
};

/** Where the output of a run goes. */
export type RunOutput = {
  /** Path of the log file. */
  readonly path: string;
  /** Bytes that earlier runs wrote to the log file; null starts a new file. */
  readonly logStart: number | null;
  readonly onLine: (line: string, isReady: boolean) => void;
};

/** How a run ended. */
export type RunEnd = {
  /** The exit in words, such as `exit code 1`. */
  readonly how: string;
  /** The time of the exit, by `performance.now()`. */
  readonly atMs: number;
  /** The last lines it logged. */
  readonly lines: readonly string[];
};

/** One run of a program, from its start to its exit. */
export type ProcessRun = {
  readonly pid: number;
  readonly isReady: () => boolean;
  /**
   * Resolves at the first readiness. Rejects with a StackError if the run ends before or
   * `readyDeadlineMs` pass, and with the signal's reason if that aborts.
   */
  readonly untilReady: (signal: AbortSignal) => Promise<void>;
  /** Resolves after the exit, when the last lines are read. Never rejects. */
  readonly ended: Promise<RunEnd>;
  readonly hasExited: () => Promise<boolean>;
  readonly stop: () => Promise<StopExit>;
  readonly kill: () => void;
};

/** Starts a program. States of a run: starting, ready, ended. It may end in any state. */
export function startRun(spec: RunSpec, { path, logStart, onLine }: RunOutput): ProcessRun {
  const { name, probe, showsLines, readyDeadlineMs: deadlineMs } = spec;
  let isReady = false;
  const child = startChild(spec, {
    logFile: path,
    onLine: showsLines ? (line) => onLine(line, isReady) : undefined,
    appends: logStart !== null,
  });
  const death = new AbortController();
  const ended = waitForEnd();

  async function waitForEnd(): Promise<RunEnd> {
    const how = describeExit(await child.exited);
    const atMs = performance.now();
    const lines = await readLastLines();
    death.abort(createDeathError(`${name} ended unexpectedly (${how})`, { name, lines, path }));
    return { how, atMs, lines };
  }

  /** An unreadable log must not hide a death, so this never rejects. */
  async function readLastLines(): Promise<string[]> {
    try {
      await child.logged;
      const lines = await readTail(path, SHOWN_LOG_LINES, logStart ?? 0);
      return lines.map((line) => toReadableLine(line).text);
    } catch (thrown) {
      return [`(its log cannot be read: ${toStackError(name, thrown).message})`];
    }
  }

  return {
    pid: child.pid,
    isReady: () => isReady,
    untilReady: async (signal) => {
      const either = AbortSignal.any([signal, death.signal]);
      const probed = waitUntilReady(probe, { what: name, deadlineMs, signal: either });
      // Another program may answer on its port, so success counts only while this one lives.
      await Promise.race([probed, ended]).finally(() => either.throwIfAborted());
      isReady = true;
    },
    ended,
    hasExited: () => Promise.race([child.exited.then(() => true), delay(0, false)]),
    stop: child.stop,
    kill: child.kill,
  };
}
