/** The phases of a pepper's rotation, in order. */
export const CLAIM_PHASE_NAMES = [
  'release-both',
  'write-both',
  'copy',
  'believe-new',
  'retire',
  'delete',
] as const;

/** The name of a phase. */
export type ClaimPhase = (typeof CLAIM_PHASE_NAMES)[number];

/** How claims are treated in one phase of a pepper's rotation. */
export type ClaimRules = {
  /** The layer a decision is made from. */
  readonly believes: 'old' | 'new';
  /** The layers a record that somebody holds an address is written to, in this order. */
  readonly holds: readonly ('old' | 'new')[];
  /** What the worker does with claims of the old layer. */
  readonly work: 'none' | 'copy' | 'delete';
};

/**
 * What is done in each phase. A release is written to both layers in all of them;
 * before the first and after the last there is one layer only. Processes in neighbouring phases run
 * side by side, so each step takes one right away or gives one:
 *
 * - `release-both` prepares: who writes the new layer first may rely on it that nobody releases an
 *   address in the old one alone, which would leave it held for ever in the new one.
 * - `write-both` writes both layers in one batch, each guarded; `copy` does too, while the worker
 *   writes every claim that only the old layer has once more, to both.
 * - `believe-new` decides from the new layer. It still writes the old one for who believes that.
 * - `retire` writes no more holders to the old layer, so that in `delete` the worker deletes them all.
 *
 * To take a step while a process is two phases behind is the failure this guards against: two could
 * hold one address.
 */
export const CLAIM_PHASES = {
  'release-both': { believes: 'old', holds: ['old'], work: 'none' },
  'write-both': { believes: 'old', holds: ['old', 'new'], work: 'none' },
  copy: { believes: 'old', holds: ['old', 'new'], work: 'copy' },
  'believe-new': { believes: 'new', holds: ['old', 'new'], work: 'none' },
  retire: { believes: 'new', holds: ['new'], work: 'none' },
  delete: { believes: 'new', holds: ['new'], work: 'delete' },
} as const satisfies Readonly<Record<ClaimPhase, ClaimRules>>;

/** The phase that follows; undefined when the rotation is over. */
export function nextClaimPhase(phase: ClaimPhase): ClaimPhase | undefined {
  return CLAIM_PHASE_NAMES[CLAIM_PHASE_NAMES.indexOf(phase) + 1];
}
