import { setTimeout as pause } from 'node:timers/promises';
import type { ReadModelsVersion } from '@zameni/contracts';
import { CommandError } from '../framework/command.ts';
import type { RebuildProgress } from './progress.ts';
import type { ReadModelsPort } from './port.ts';

/** How a rebuild is watched. */
export type WatchOptions = {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RebuildProgress) => void;
  readonly pollMs?: number;
  readonly stuckMs?: number;
};

const POLL_MS = 300;

/** Milliseconds without any progress after which nobody seems to work on the rebuild. */
const STUCK_MS = 60_000;

/**
 * Waits until a version is live, or differs from the live one. Throws CommandError if it was
 * cancelled, or makes no progress.
 */
export async function watchRebuild(
  port: Pick<ReadModelsPort, 'list'>,
  version: number,
  { signal, onProgress, pollMs = POLL_MS, stuckMs = STUCK_MS }: WatchOptions,
): Promise<ReadModelsVersion> {
  let last = '';
  let movedAt = performance.now();
  let from: number | undefined;
  const beganAt = performance.now();
  for (;;) {
    const { head, versions } = await port.list();
    const found = versions.find((each) => each.version === version);
    if (found === undefined || found.state === 'dropped') {
      throw new CommandError('rebuild-cancelled', `version ${version} was cancelled`);
    }
    if (found.state !== 'building') return found;
    from ??= found.position;
    onProgress({
      version: found,
      head: head ?? found.position,
      elapsedMs: performance.now() - beganAt,
      read: found.position - from,
    });
    const now = JSON.stringify([found.position, found.carriedPosition, found.comparison]);
    if (now !== last) movedAt = performance.now();
    last = now;
    if (performance.now() - movedAt > stuckMs) {
      throw new CommandError(
        'no-progress',
        'the rebuild makes no progress; try npx zameni status, and the logs of the projector',
      );
    }
    await pause(pollMs, undefined, { signal });
  }
}
