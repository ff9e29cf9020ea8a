import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runCommand } from '../host/command.ts';

const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY_ASIDE = '/usr/sbin/policy-rc.d.before-zameni';
const POLICY_MARK = '# Written by Zameni';
const CLUSTER_FILE = '/etc/postgresql-common/createcluster.d/zameni.conf';
const SYSTEMCTL_TIMEOUT_MS = 30_000;

/** Services that each package installs. */
const SERVICES_OF: Readonly<Record<string, readonly string[]>> = {
  postgresql: ['postgresql'],
  pgbouncer: ['pgbouncer'],
  'redis-server': ['redis-server'],
  haproxy: ['haproxy'],
  prometheus: ['prometheus'],
  'prometheus-postgres-exporter': ['prometheus-postgres-exporter'],
  'prometheus-redis-exporter': ['prometheus-redis-exporter'],
};

/**
 * Until the result is disposed, installing these packages starts no service and creates no database
 * cluster. Existing files are restored at the end. A policy that a killed run left has no effect,
 * because it applies only while that run's process lives. Services that already ran are not in the
 * list and keep running.
 */
export async function keepServicesStopped(packages: readonly string[]): Promise<AsyncDisposable> {
  const services = packages.flatMap((name) => SERVICES_OF[name] ?? []);
  const bringsPostgres = packages.includes('postgresql');
  await setAside();
  await writeFile(POLICY_FILE, policyScript(services, process.pid));
  await chmod(POLICY_FILE, 0o755);
  if (bringsPostgres) {
    await mkdir(dirname(CLUSTER_FILE), { recursive: true });
    await writeFile(CLUSTER_FILE, 'create_main_cluster = false\n');
  }
  return {
    [Symbol.asyncDispose]: async () => {
      await rm(POLICY_FILE, { force: true });
      if (existsSync(POLICY_ASIDE)) await rename(POLICY_ASIDE, POLICY_FILE);
      if (bringsPostgres) await rm(CLUSTER_FILE, { force: true });
      await disable(services);
    },
  };
}

/** The script that forbids the start of the listed services while the installer lives. */
export function policyScript(services: readonly string[], installerPid: number): string {
  return [
    '#!/bin/sh',
    `${POLICY_MARK} while it installs packages; without effect once process ${installerPid} is gone.`,
    `kill -0 ${installerPid} 2>/dev/null || exit 0`,
    'case "$1" in',
    `  ${services.map((name) => `${name}|${name}.service|${name}@*`).join('|')}) exit 101 ;;`,
    'esac',
    `[ -x ${POLICY_ASIDE} ] && exec ${POLICY_ASIDE} "$@"`,
    'exit 0',
    '',
  ].join('\n');
}

async function setAside(): Promise<void> {
  if (!existsSync(POLICY_FILE)) return;
  const text = await readFile(POLICY_FILE, 'utf8');
  if (text.includes(POLICY_MARK)) await rm(POLICY_FILE);
  else await rename(POLICY_FILE, POLICY_ASIDE);
}

/** New services would start at the next boot. The stack runs its own, so they are disabled. */
async function disable(services: readonly string[]): Promise<void> {
  if (services.length === 0 || !existsSync('/run/systemd/system')) return;
  await runCommand(['systemctl', 'disable', ...services], { timeoutMs: SYSTEMCTL_TIMEOUT_MS });
}
