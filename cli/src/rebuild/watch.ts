import { setTimeout as pause } from 'node:timers/promises';
import type { ReadModelsVersion, ReadModelsVersions } from '@zameni/contracts';
import { CommandError } from '../framework/command.ts';
import type { ReadModelsPort } from './port.ts';
import { phaseOf, type RebuildProgress } from './progress.ts';

/** How a rebuild is watched. */
export type WatchOptions = {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RebuildProgress) => void;
  /** How long to watch; without it, until the rebuild is over. */
  readonly waitMs?: number;
  readonly pollMs?: number;
  readonly stuckMs?: number;
};

const POLL_MS = 300;

/** Milliseconds without any progress, or any answer, after which nobody seems to work on it. */
const STUCK_MS = 60_000;

/**
 * So many times as long, because nothing is reported meanwhile. A copy is one statement of 110 s at
 * most. For rows that differ the projector waits up to a minute, and compares them in one statement.
 */
const PATIENCE = { copying: 2, filling: 1, comparing: 3 } as const;

/**
 * Waits until a version is live, or differs from the live one, or until the time is over: then it is
 * still building. A projector may be restarting meanwhile. Throws CommandError if the version was
 * cancelled, or if nothing moves it.
 */
export async function watchRebuild(
  port: Pick<ReadModelsPort, 'list'>,
  version: number,
  options: WatchOptions,
): Promise<ReadModelsVersion> {
  const { signal, onProgress, waitMs = Infinity, pollMs = POLL_MS, stuckMs = STUCK_MS } = options;
  const beganAt = performance.now();
  let [answeredAt, movedAt] = [beganAt, beganAt];
  let last = '';
  let from: number | undefined;
  let lastHead: number | null = null;
  for (;;) {
    const listed = await list(port, performance.now() - answeredAt < stuckMs);
    const now = performance.now();
    if (listed !== undefined) {
      answeredAt = now;
      const found = listed.versions.find((each) => each.version === version);
      if (found === undefined || found.state === 'dropped') {
        throw new CommandError('rebuild-cancelled', `version ${version} was cancelled`);
      }
      if (found.state !== 'building') return found;
      from ??= found.position;
      lastHead = listed.head ?? lastHead;
      onProgress({
        version: found,
        head: lastHead ?? found.position,
        elapsedMs: now - beganAt,
        read: found.position - from,
      });
      const sign = JSON.stringify([found.position, found.carriedPosition, found.comparison]);
      if (sign !== last) movedAt = now;
      last = sign;
      if (now - beganAt >= waitMs) return found;
      if (now - movedAt > stuckMs * PATIENCE[phaseOf(found)]) throw toStuck(found);
    }
    await pause(pollMs, undefined, { signal });
  }
}

function toStuck({ version, position }: ReadModelsVersion): CommandError {
  return new CommandError(
    'no-progress',
    `no projector seems to work on version ${version}: it stays at position ${position}; ` +
      'try npx zameni status, and the logs of the projector',
  );
}

/** Codes of faults that pass: a projector is restarting, or its database is. */
const PASSING: ReadonlySet<string> = new Set(['no-answer', 'store-unavailable', 'overloaded']);

/** Returns undefined after a fault that passes, while there is patience. */
async function list(
  port: Pick<ReadModelsPort, 'list'>,
  isPatient: boolean,
): Promise<ReadModelsVersions | undefined> {
  try {
    return await port.list();
  } catch (error) {
    if (isPatient && error instanceof CommandError && PASSING.has(error.code)) return undefined;
    throw error;
  }
}
