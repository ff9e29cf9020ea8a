import type { ClaimPhase } from './claim-phases.ts';
import { type KeyRing, type KeyRingFile, readKeyRingFile, toKeyRing } from './key-ring.ts';

/** A ring of peppers. A claim's subject is a digest under all of its layers in turn. */
export type PepperRing = KeyRing & {
  /** The ids of the layers that make the subjects of claims, oldest first. */
  readonly layers: readonly string[];
  /** The phase of the rotation to the last layer, or undefined without a rotation. */
  readonly phase?: ClaimPhase | undefined;
};

/** Reads a ring of peppers from the file of a key ring. */
export function readPepperRing(path: string): PepperRing {
  const file = readKeyRingFile(path);
  return { ...toKeyRing(file), layers: layersOf(file), phase: file.phase };
}

/**
 * Returns the layers of a ring, oldest first. A ring without a rotation has its current key only.
 */
export function layersOf({ layers, current }: Pick<KeyRingFile, 'layers' | 'current'>): string[] {
  return layers ?? [current];
}
