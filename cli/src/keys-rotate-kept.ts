import { type KeyRingFile, readKeyRingFile, removeKeys, replaceKeyRing } from '@zameni/runtime';
import { introduceKey, type Rotation, type RotationReport } from './keys-rotate.ts';

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
    const others = Object.keys(file.keys).length > (file.next === undefined ? 1 : 2);
    if (!others || !isKeptLongEnough(file, keepMs)) return;
    await replaceKeyRing(path, removeKeys(file));
  }
}

/** Nothing was made with an older key since the current one became current. */
function isKeptLongEnough({ current, since }: KeyRingFile, keepMs: number): boolean {
  const at = Date.parse(since?.[current] ?? '');
  return Number.isFinite(at) && Date.now() - at >= keepMs;
}
