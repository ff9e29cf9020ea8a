import type { Pool } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import type { System } from '../support/system.ts';
import { countDifferences, readLive, readVersions, runRebuild, untilAlone } from './versions.ts';

const EVEN_DEADLINE_MS = 60_000;

/**
 * Rebuilds the read models from the log, and counts the rows of each table that the rebuilt ones do
 * not have in common with those that were live. Then the old version is live again, alone. Throws if
 * a command fails: `zameni rebuild` itself finds differences.
 */
export async function compareWithCleanRebuild(
  system: System,
  pool: Pool,
): Promise<Record<string, number>> {
  const before = await readLive(pool);
  await rebuild(system);
  const built = await readLive(pool);
  // Both versions are followed, so they become equal when nothing happens.
  await waitUntil(
    async () => new Set((await readVersions(pool)).map(({ position }) => position)).size === 1,
    EVEN_DEADLINE_MS,
  );
  const differences = await countDifferences(pool, [before, built]);
  await rebuild(system, '--back');
  await rebuild(system, '--drop-old');
  await untilAlone(pool);
  if ((await readLive(pool)) !== before) throw new Error('another version is live');
  return differences;
}

async function rebuild(system: System, ...args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await runRebuild(system, ...args);
  const what = ['zameni rebuild', ...args].join(' ');
  if (status !== 0) throw new Error(`${what} ended with ${status}:\n${stdout}\n${stderr}`);
}
