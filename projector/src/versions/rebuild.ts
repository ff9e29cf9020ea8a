import { coerceError, createBackoff, delay, type Logger } from '@zameni/runtime';
import { compareVersions } from './compare.ts';
import type { VersionStore } from './store.ts';
import type { Version } from './version.ts';

/** What the end of a rebuild needs. */
export type RebuildDeps = {
  readonly store: Pick<
    VersionStore,
    'carryOver' | 'readPosition' | 'saveComparison' | 'switchTo' | 'compareWithLive'
  >;
  readonly head: (signal: AbortSignal) => Promise<number>;
  /** The version as it was read last. */
  readonly version: () => Version;
  readonly logger: Logger;
};

/** Milliseconds between two looks at the progress. */
const LOOK_MS = 250;

/** Milliseconds between two reports of a comparison. */
const REPORT_MS = 500;

/** Records behind the head at which a version has caught up: a second of work at most. */
const CAUGHT_UP = 2_000;

const BACKOFF = { baseMs: 100, maxMs: 5_000 };

/**
 * Watches a version that is built, beside the work that fills it. When it has caught up, it is
 * compared with the live one, and switched to if nothing differs. Otherwise an operator decides. A
 * fault is logged, and the comparison begins again. Resolves when nothing is left to do, or on
 * abort.
 */
export async function finishRebuild(deps: RebuildDeps, signal: AbortSignal): Promise<void> {
  const { version, logger } = deps;
  const backoff = createBackoff(BACKOFF);
  while (!signal.aborted && version().state === 'building') {
    try {
      await delay(LOOK_MS, signal);
      if (await hasCaughtUp(deps, signal)) await compareAndSwitch(deps, signal);
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ error: coerceError(error) }, 'a rebuild could not be finished yet');
      await delay(backoff.nextMs(), signal).catch(() => undefined);
    }
  }
}

async function hasCaughtUp(
  { store, head, version }: RebuildDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const position = await store.readPosition(version().version);
  return position >= (await head(signal)) - CAUGHT_UP;
}

async function compareAndSwitch(deps: RebuildDeps, signal: AbortSignal): Promise<void> {
  const { store, logger } = deps;
  const { version } = deps.version();
  let reportedAt = 0;
  const { live, rows } = await store.compareWithLive(version);
  const comparison = await compareVersions(rows, {
    signal,
    onProgress: async (progress) => {
      if (performance.now() - reportedAt < REPORT_MS) return;
      reportedAt = performance.now();
      await store.saveComparison(version, progress, 'building');
    },
  });
  const { isEqual } = comparison;
  await store.saveComparison(version, comparison, isEqual ? 'building' : 'differs');
  if (isEqual) {
    while (!(await store.switchTo(version, live))) await delay(LOOK_MS, signal);
    logger.info({ version }, 'readers see the rebuilt read models');
  } else logger.warn({ version }, 'the rebuilt read models differ from the live ones');
  // Until it is read again.
  while (deps.version().state === 'building') await delay(LOOK_MS, signal);
}
