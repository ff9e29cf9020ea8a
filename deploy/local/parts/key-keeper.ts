import { join } from 'node:path';
import { livingHolder } from '../host/file-lock.ts';
import type { Layout } from '../profile/layout.ts';
import { REPOSITORY } from '../profile/names.ts';
import { keeperLock } from '../secrets/attempt-keys.ts';
import type { Probe } from '../supervisor/probe.ts';
import type { ProcessPart } from '../supervisor/supervised-process.ts';
import { nodeEnvironment } from './context.ts';
import { passedOn } from './passed-on.ts';

/** Creates the process that keeps the ring of attempt keys, as an operator runs it elsewhere. */
export function keyKeeperPart({
  layout,
}: {
  readonly layout: Pick<Layout, 'secrets'>;
}): ProcessPart {
  const { attemptKeys } = layout.secrets;
  const program = join(REPOSITORY, 'cli', 'bin', 'zameni.ts');
  const args = ['keys', 'tend', '--watch', '--json', '--file', attemptKeys];
  return {
    kind: 'process',
    name: 'key-keeper',
    // The start has already tended the ring, so no part waits for this one.
    after: [],
    command: [process.execPath, program, ...args],
    env: { ...nodeEnvironment(undefined), ...passedOn(process.env, ['attempts']) },
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
    probe: keeperProbe(attemptKeys),
    readyDeadlineMs: 30_000,
    showsLines: true,
    mustDrain: true,
  };
}

/**
 * Ready when a living process holds the ring's keeper lock, which it takes after its first check.
 */
function keeperProbe(ring: string): Probe {
  return async () => {
    if ((await livingHolder(keeperLock(ring))) === null)
      throw new Error('no process keeps the ring yet');
  };
}
