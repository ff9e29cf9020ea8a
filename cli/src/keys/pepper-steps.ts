import {
  addNextKey,
  type KeyRingFile,
  layersOf,
  makeNextCurrent,
  nextClaimPhase,
} from '@zameni/runtime';

/**
 * The ring one step further in the rotation of its pepper: a new pepper in the first phase, the next
 * phase, or after the last one the new pepper as the current. The older ones stay: each later layer is
 * made upon them.
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
