import { spawn } from 'node:child_process';
import { watchedServers } from '@zameni/runtime';
import { type Stack, waitUntil } from '@zameni/runtime/testing';
import { isServerHealthy, isWhole } from '../support/is-healthy.ts';

/** An outage of all servers of the log. The end restores them and waits until they are healthy. */
export type LogOutage = { readonly end: () => Promise<void> };

const BACK_DEADLINE_MS = 60_000;
/** Seconds after which a paused supervisor continues, even if this process has died. */
const HELD_SECONDS = 90;

/** Freezes all servers of the log: connections stay open, and nothing is answered. */
export function freezeLog(stack: Stack): LogOutage {
  const pids = logPids(stack);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return {
    end: async () => {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
      await untilWell(stack);
    },
  };
}

/** Kills all servers of the log. The supervisor is paused: it would restart them at once. */
export function killLog(stack: Stack): LogOutage {
  const { supervisorPid } = stack;
  const script = `sleep ${HELD_SECONDS}; kill -CONT ${supervisorPid}`;
  const rescue = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' });
  rescue.unref();
  process.kill(supervisorPid, 'SIGSTOP');
  for (const pid of logPids(stack)) process.kill(pid, 'SIGKILL');
  return {
    end: async () => {
      process.kill(supervisorPid, 'SIGCONT');
      rescue.kill();
      await untilWell(stack);
    },
  };
}

function logPids({ pids }: Stack): number[] {
  return Object.entries(pids).flatMap(([name, pid]) => (name.startsWith('nats-') ? [pid] : []));
}

async function untilWell(stack: Stack): Promise<void> {
  await Promise.all([
    ...watchedServers(stack).map((server) =>
      waitUntil(() => isServerHealthy(server), BACK_DEADLINE_MS),
    ),
    ...stack.services.map(({ url }) => waitUntil(() => isWhole(url), BACK_DEADLINE_MS)),
  ]);
}
