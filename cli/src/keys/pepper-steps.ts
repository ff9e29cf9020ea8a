import {
  addNextKey,
  type KeyRingFile,
  layersOf,
  makeNextCurrent,
  nextClaimPhase,
} from '@zameni/runtime';

/**
 * Returns the ring after the next step of the rotation of its pepper. The first step adds a pepper
 * and starts the first phase, each later step starts the next phase, and the last one makes the new
 * pepper current. Older peppers stay, because each later layer is derived from them.
 */
export function toNextPepperStep(ring: KeyRingFile, now: Date): KeyRingFile {
  const { phase, ...rest } = ring;
  if (phase === undefined) {
    const added = addNextKey(ring);
    const { next = '' } = added;
    return { ...added, layers: [...layersOf(ring), next], phase: 'release-both' };
  }
  const following = nextClaimPhase(phase);
  return following === undefined ? makeNextCurrent(rest, now) : { ...ring, phase: following };
}
