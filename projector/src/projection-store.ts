import type { RowChanges } from './row-changes.ts';

/** One batch: its rows, and the checkpoint before and after it. */
export type RowBatch = {
  readonly from: number;
  readonly to: number;
  readonly changes: RowChanges;
};

/** Where a projection keeps its rows, its checkpoint and the lease of its active process. */
export type ProjectionStore = {
  /** Takes the lease when it is free or ours; answers the checkpoint, undefined when it is not. */
  readonly takeLease: () => Promise<number | undefined>;
  /** Answers whether the lease was still ours. */
  readonly renewLease: () => Promise<boolean>;
  /** Gives the lease up, so that a standby takes over at once. */
  readonly releaseLease: () => Promise<void>;
  readonly readPosition: () => Promise<number>;
  /** Applies rows and checkpoint together; answers false when the checkpoint is not ours any more. */
  readonly apply: (batch: RowBatch) => Promise<boolean>;
};
