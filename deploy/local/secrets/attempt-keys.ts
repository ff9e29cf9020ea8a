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

/** The clock and the lifetime of attempts for tending a ring of attempt keys. */
export type TendOptions = {
  readonly now: Date;
  readonly lifetimeSeconds: number;
  /** Milliseconds to wait until another process releases the ring. */
  readonly lockDeadlineMs?: number;
};

/** The changes to the ring and its current content: ids only, never keys. */
export type TendResult = {
  readonly made: readonly string[];
  readonly destroyed: readonly string[];
  readonly keys: readonly string[];
};

/** The holder of the lock only replaces one small file. */
const LOCK_DEADLINE_MS = 5_000;
const PAUSE_MS = 50;

/**
 * Tends a ring of attempt keys: creates missing keys and destroys expired ones. Creates the ring if
 * it does not exist. Leaves the file as it is if there is nothing to do.
 */
export async function tendKeyRing(path: string, options: TendOptions): Promise<TendResult> {
  await using _lock = await lockRing(path, options.lockDeadlineMs ?? LOCK_DEADLINE_MS);
  // A killed process may have left destroyed keys in drafts.
  await clearKeyRingDrafts(path);
  const { ring, result, isTended } = compare(path, options);
  if (isTended) return result;
  await replaceKeyRing(path, ring);
  return result;
}

/** Returns the lock of the process that keeps a ring. The keeper holds it while it runs. */
export function keeperLock(path: string): string {
  return `${path}.keeper.lock`;
}

/** Reads the lifetime of attempts from an environment. */
export function attemptLifetimeSeconds(
  environment: Readonly<Record<string, string | undefined>>,
): number {
  const name = 'ZAMENI_ATTEMPT_LIFETIME_SECONDS';
  // Read alone, because a configuration refuses the variables of other programs.
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
