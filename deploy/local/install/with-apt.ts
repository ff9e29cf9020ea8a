import { existsSync } from 'node:fs';
import { runCommand, runOrFail } from '../host/command.ts';
import { findOnPath } from '../host/launch.ts';
import { keepServicesStopped } from './keep-services-stopped.ts';

const APT_TIMEOUT_MS = 300_000;
const ENVIRONMENT = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
const OPTIONS = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120'];

/** Returns why packages cannot be installed here, or null if they can. */
export function aptObstacle(): string | null {
  if (findOnPath('apt-get') === null) return 'this is not a Debian system';
  if (process.getuid?.() !== 0) return 'only root may install packages';
  return null;
}

/**
 * Installs Debian packages without starting their services. No signal interrupts it, because a
 * half-installed package is worse than a late stop.
 */
export async function installWithApt(packages: readonly string[]): Promise<void> {
  const missing = await missingPackages(packages);
  if (missing.length === 0) return;
  if (!(await areKnown(missing))) await updateLists();
  await using _guard = await keepServicesStopped(missing);
  const install = [
    'apt-get',
    'install',
    ...OPTIONS,
    '--no-install-recommends',
    ...missing,
  ] as const;
  const options = { timeoutMs: APT_TIMEOUT_MS, env: ENVIRONMENT };
  const first = await runCommand([...install], options);
  if (first.code === 0) return;
  // The lists may be older than the mirror, which then no longer has the packages that they name.
  await updateLists();
  await runOrFail([...install], options);
}

async function updateLists(): Promise<void> {
  await runOrFail(['apt-get', 'update', '-q'], { timeoutMs: APT_TIMEOUT_MS, env: ENVIRONMENT });
}

async function areKnown(packages: readonly string[]): Promise<boolean> {
  const { code } = await runCommand(['apt-cache', 'show', ...packages], {
    timeoutMs: APT_TIMEOUT_MS,
    env: ENVIRONMENT,
  });
  return code === 0;
}

async function missingPackages(packages: readonly string[]): Promise<string[]> {
  const states = await Promise.all(
    packages.map(async (name) => {
      const { output } = await runCommand(['dpkg-query', '-W', '-f=${db:Status-Status}', name], {
        timeoutMs: APT_TIMEOUT_MS,
      });
      return { name, installed: existsSync('/var/lib/dpkg/status') && output === 'installed' };
    }),
  );
  return states.filter(({ installed }) => !installed).map(({ name }) => name);
}
