import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { readTestStack } from '@zameni/runtime/testing';

/** Freezes a part of the stack with its children, as Postgres has them, and thaws them again. */
export async function freezeProcesses(part: string, forMs: number): Promise<void> {
  const pid = (await readTestStack()).pids[part];
  if (pid === undefined) throw new Error(`${part} is not running`);
  const frozen = new Set<number>();
  const freeze = (one: number) => {
    if (send(one, 'SIGSTOP')) frozen.add(one);
  };
  try {
    // The parent first, so that it has no more children afterwards.
    freeze(pid);
    for (const child of await childrenOf(pid)) freeze(child);
    await pause(forMs);
  } finally {
    for (const one of frozen) send(one, 'SIGCONT');
  }
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map(Number);
}

/** False if the process has ended. */
function send(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
