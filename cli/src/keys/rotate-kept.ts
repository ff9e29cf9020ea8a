import { type KeyRingFile, readKeyRingFile, removeKeys, replaceKeyRing } from '@zameni/runtime';
import { introduceKey, type Rotation, type RotationReport } from './rotate.ts';

/** How long older keys are kept, and whether this run is only to remove those that were kept so long. */
export type KeepOptions = { readonly keepMs: number; readonly isFinish: boolean };

/**
 * Rotates a ring whose older keys are needed until the last token made with them has run out: first
 * removes those kept long enough, then introduces a new one. With nothing to keep that ends the others.
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
 * When the key after this one became current, by the clock; the first of all has no time of its own.
 * Each has its time, or a ring that is rotated more often than keys are kept would keep all of them.
 */
function usedUntil({ since = {} }: KeyRingFile, id: string): number {
  const from = Date.parse(since[id] ?? '') || 0;
  return Math.min(
    ...Object.values(since)
      .map((at) => Date.parse(at))
      .filter((at) => at > from),
  );
}
