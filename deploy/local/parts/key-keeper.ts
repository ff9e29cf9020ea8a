import { join } from 'node:path';
import { livingHolder } from '../host/file-lock.ts';
import type { Layout } from '../profile/layout.ts';
import { REPOSITORY } from '../profile/profile.ts';
import { keeperLock } from '../secrets/attempt-keys.ts';
import type { Probe } from '../supervisor/probe.ts';
import type { ProcessPart } from '../supervisor/supervised-process.ts';
import { serverEnvironment } from './context.ts';
import { passedOn } from './passed-on.ts';

/** Makes the process that keeps the ring of attempt keys, as an operator elsewhere runs it. */
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
    // The start has tended the ring, so nobody waits for it.
    after: [],
    command: [process.execPath, program, ...args],
    env: { ...serverEnvironment(), ...passedOn(process.env, ['attempts']) },
    deathSignal: 'KILL',
    stop: { signal: 'SIGTERM', deadlineMs: 5_000 },
    probe: keeperProbe(attemptKeys),
    readyDeadlineMs: 30_000,
    showsLines: true,
    mustDrain: true,
  };
}

/** Ready when a process that lives holds the lock of the ring's keeper, taken after its first look. */
function keeperProbe(ring: string): Probe {
  return async () => {
    if ((await livingHolder(keeperLock(ring))) === null)
      throw new Error('nobody keeps the ring yet');
  };
}
