import type { ClaimPhase } from './claim-phases.ts';
import { type KeyRing, type KeyRingFile, readKeyRingFile, toKeyRing } from './key-ring.ts';

/** A ring of peppers: claims are digests under all of its layers, one upon the other. */
export type PepperRing = KeyRing & {
  /** The ids of the layers that the subjects of claims are made of, oldest first. */
  readonly layers: readonly string[];
  /** How far the rotation to the last layer is; undefined when there is none. */
  readonly phase?: ClaimPhase | undefined;
};

/** Reads a ring of peppers from the file of a key ring. */
export function readPepperRing(path: string): PepperRing {
  const file = readKeyRingFile(path);
  return { ...toKeyRing(file), layers: layersOf(file), phase: file.phase };
}

/** The layers of a ring, oldest first; a ring that was never rotated has its current key only. */
export function layersOf({ layers, current }: Pick<KeyRingFile, 'layers' | 'current'>): string[] {
  return layers ?? [current];
}
