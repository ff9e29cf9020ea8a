import { UsageError } from '../framework/command.ts';
import { rotateKek } from './rotate-kek.ts';
import { type KeepOptions, rotateKept } from './rotate-kept.ts';
import { rotatePepper } from './rotate-pepper.ts';
import type { Rotation, RotationReport } from './rotation.ts';

/** Options for all kinds of rings. */
export type RotateOptions = KeepOptions & { readonly graceMs: number };

/** Rotates a ring in the way that the purpose of its keys requires. */
export async function rotateRing(
  rotation: Rotation,
  options: RotateOptions,
): Promise<RotationReport> {
  switch (rotation.ring) {
    case 'kek':
      if (options.isFinish) throw new UsageError('--finish is not for kek, which always finishes');
      return rotateKek(rotation, options.graceMs);
    case 'verification':
    case 'position':
      return rotateKept(rotation, options);
    case 'registration':
      if (options.isFinish)
        throw new UsageError('--finish is not for registration, which keeps every key');
      // Ids stay for ever, and those of idempotency keys have the check of the first key.
      return rotateKept(rotation, { keepMs: Infinity, isFinish: false });
    case 'pepper':
      if (options.isFinish)
        throw new UsageError('--finish is not for pepper, which always finishes');
      return rotatePepper(rotation, options.graceMs);
    default:
      return rotation.ring satisfies never;
  }
}
