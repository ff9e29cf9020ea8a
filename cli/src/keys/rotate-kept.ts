import { type KeyRingFile, readKeyRingFile, removeKeys, replaceKeyRing } from '@zameni/runtime';
import { introduceKey, type Rotation, type RotationReport } from './rotation.ts';

/** How long to keep older keys, and whether this run only removes those kept long enough. */
export type KeepOptions = { readonly keepMs: number; readonly isFinish: boolean };

/**
 * Rotates a ring whose older keys are needed until the last token made with them expires. It first
 * removes the keys kept long enough, and then introduces a new one. If `keepMs` is 0, only the new
 * one remains.
 */
export async function rotateKept(
  rotation: Rotation,
  { keepMs, isFinish }: KeepOptions,
): Promise<RotationReport> {
  const { path, ring } = rotation;
  const found = Object.keys(readKeyRingFile(path).keys);
  await removeOlder();
  if (!isFinish) {
    await introduceKey(rotation);
    await removeOlder();
  }
  const { current, next, keys } = readKeyRingFile(path);
  return {
    ring,
    current,
    removed: found.filter((id) => !Object.hasOwn(keys, id)),
    kept: Object.keys(keys).filter((id) => id !== current && id !== next),
  };

  async function removeOlder(): Promise<void> {
    const file = readKeyRingFile(path);
    const isNeeded = (id: string) => Date.now() - usedUntil(file, id) < keepMs;
    const left = removeKeys(file, isNeeded);
    if (Object.keys(left.keys).length < Object.keys(file.keys).length) {
      await replaceKeyRing(path, left);
    }
  }
}

/**
 * Returns the time at which the key after this one became current. The first key of a ring has no
 * time. Each key has its own end, because a ring that is rotated more often than keys expire would
 * otherwise keep all of them.
 */
function usedUntil({ since = {} }: KeyRingFile, id: string): number {
  const from = Date.parse(since[id] ?? '') || 0;
  return Math.min(
    ...Object.values(since)
      .map((at) => Date.parse(at))
      .filter((at) => at > from),
  );
}
