import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StackError } from '../output/stack-error.ts';

/**
 * Stops the start if a program may open fewer files than the gateway needs. HAProxy raises its own
 * limit as far as the hard limit.
 */
export async function requireOpenFiles(needed: number): Promise<void> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'ulimit -H -n']);
  const fault = findTooFewFiles(stdout.trim(), needed);
  if (fault !== null) throw new StackError(fault);
}

/** What is wrong with a hard limit as `ulimit` prints it, and the remedy. Null if it suffices. */
export function findTooFewFiles(limit: string, needed: number): string | null {
  if (limit === 'unlimited' || Number(limit) >= needed) return null;
  return `The gateway needs ${needed} open files, and ${limit} are allowed here, nothing was started.
As root: ulimit -n ${needed}. Otherwise set "nofile" in /etc/security/limits.conf and log in again.`;
}
