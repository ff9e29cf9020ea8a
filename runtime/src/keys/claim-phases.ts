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

/** Rules for claims in one phase of a pepper's rotation. */
export type ClaimRules = {
  /** The layer that decisions read. */
  readonly believes: 'old' | 'new';
  /** The layers that the record of a held claim is written to, in this order. */
  readonly holds: readonly ('old' | 'new')[];
  /** What the worker does with claims of the old layer. */
  readonly work: 'none' | 'copy' | 'delete';
};

/**
 * The rules of each phase. A release is written to both layers in all of them. Before the first and
 * after the last phase there is one layer only. Processes in neighbouring phases run concurrently,
 * so each step grants or removes one right:
 *
 * - `release-both` prepares. The first process that writes the new layer relies on it: nobody
 *   releases an address in the old layer alone, which would leave it held in the new one
 *   permanently.
 * - `write-both` writes both layers in one batch, each message guarded. `copy` does the same, while
 *   the worker writes claims that only the old layer has to both layers.
 * - `believe-new` decides from the new layer. It still writes the old one for processes that read
 *   that.
 * - `retire` writes no held claims to the old layer, so that the worker can delete them all in
 *   `delete`.
 *
 * The order prevents the worst failure, two holders of one address. It can occur if a step is taken
 * while a process is two phases behind.
 */
export const CLAIM_PHASES = {
  'release-both': { believes: 'old', holds: ['old'], work: 'none' },
  'write-both': { believes: 'old', holds: ['old', 'new'], work: 'none' },
  copy: { believes: 'old', holds: ['old', 'new'], work: 'copy' },
  'believe-new': { believes: 'new', holds: ['old', 'new'], work: 'none' },
  retire: { believes: 'new', holds: ['new'], work: 'none' },
  delete: { believes: 'new', holds: ['new'], work: 'delete' },
} as const satisfies Readonly<Record<ClaimPhase, ClaimRules>>;

/** Returns the next phase, or undefined when the rotation is over. */
export function nextClaimPhase(phase: ClaimPhase): ClaimPhase | undefined {
  return CLAIM_PHASE_NAMES[CLAIM_PHASE_NAMES.indexOf(phase) + 1];
}
