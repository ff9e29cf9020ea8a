import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  attemptLifetimeConfig,
  clearKeyRingDrafts,
  loadConfig,
  readKeyRingFile,
  replaceKeyRing,
  tendAttemptKeys,
} from '@zameni/runtime';
import { Type } from 'typebox';
import { type FileLock, lockFile } from '../host/file-lock.ts';
import { StackError } from '../output/stack-error.ts';

/** By which clock and lifetime the ring of attempt keys is kept. */
export type TendOptions = {
  readonly now: Date;
  readonly lifetimeSeconds: number;
  /** Milliseconds for another process to be done with the ring. */
  readonly lockDeadlineMs?: number;
};

/** What was done to the ring, and what it holds since; ids, never keys. */
export type TendResult = {
  readonly made: readonly string[];
  readonly destroyed: readonly string[];
  readonly keys: readonly string[];
};

/** It replaces one small file. */
const LOCK_DEADLINE_MS = 5_000;
const PAUSE_MS = 50;

/**
 * Makes the keys that the ring of attempts lacks, and destroys those that nothing needs any more. A
 * ring that is not there yet is made. Where nothing is to be done the file stays as it is.
 */
export async function tendKeyRing(path: string, options: TendOptions): Promise<TendResult> {
  await using _lock = await lockRing(path, options.lockDeadlineMs ?? LOCK_DEADLINE_MS);
  // Keys that were destroyed may lie in what a killed process left.
  await clearKeyRingDrafts(path);
  const { ring, result, isTended } = compare(path, options);
  if (isTended) return result;
  await replaceKeyRing(path, ring);
  return result;
}

/** The lock of the one process that keeps a ring for as long as it runs. */
export function keeperLock(path: string): string {
  return `${path}.keeper.lock`;
}

/** The lifetime of attempts that an environment asks for. */
export function attemptLifetimeSeconds(
  environment: Readonly<Record<string, string | undefined>>,
): number {
  const name = 'ZAMENI_ATTEMPT_LIFETIME_SECONDS';
  // Alone, because variables of other programs are faults to a configuration.
  return loadConfig(Type.Object(attemptLifetimeConfig), { [name]: environment[name] })[name];
}

function compare(path: string, { now, lifetimeSeconds }: TendOptions) {
  const found = existsSync(path) ? readKeyRingFile(path) : undefined;
  const ring = tendAttemptKeys(found, now, lifetimeSeconds);
  const before = Object.keys(found?.keys ?? {});
  const keys = Object.keys(ring.keys);
  const made = keys.filter((id) => !before.includes(id));
  const destroyed = before.filter((id) => !keys.includes(id));
  const isTended = made.length === 0 && destroyed.length === 0 && found?.current === ring.current;
  return { ring, isTended, result: { made, destroyed, keys } };
}

async function lockRing(path: string, deadlineMs: number): Promise<AsyncDisposable> {
  const endsAt = performance.now() + deadlineMs;
  for (;;) {
    const lock: FileLock = await lockFile(`${path}.lock`);
    if (lock.status === 'taken') return lock;
    if (performance.now() >= endsAt) {
      const who = lock.status === 'held' ? `process ${lock.pid}` : 'another process';
      throw new StackError(`${who} holds the lock of the ring ${path}`);
    }
    await delay(PAUSE_MS);
  }
}
