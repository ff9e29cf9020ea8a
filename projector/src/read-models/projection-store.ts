import type { RowChanges } from './row-changes.ts';
import type { UserRow } from './users-projection.ts';

/** One batch: its changes, and the checkpoint before and after it. */
export type RowBatch = {
  readonly from: number;
  readonly to: number;
  readonly changes: RowChanges;
};

/** An erasure that is in the rows. */
export type Erasure = { readonly userId: string; readonly position: number };

/** Where a projection keeps its rows, its checkpoint and the lease of its active process. */
export type ProjectionStore = {
  /** Takes the lease when it is free or ours; answers the checkpoint, undefined when it is not. */
  readonly takeLease: () => Promise<number | undefined>;
  /** Answers whether the lease was still ours. */
  readonly renewLease: () => Promise<boolean>;
  /** Gives the lease up, so that a standby takes over at once. */
  readonly releaseLease: () => Promise<void>;
  readonly readPosition: () => Promise<number>;
  /**
   * Applies changes and checkpoint together; answers the people's rows as they are then, undefined
   * when the checkpoint is not ours any more.
   */
  readonly apply: (batch: RowBatch) => Promise<readonly UserRow[] | undefined>;
  /** The oldest erasures that the cache may not have, a bounded number. */
  readonly readErasuresNotInCache: () => Promise<readonly Erasure[]>;
  readonly markErasedFromCache: (userIds: readonly string[]) => Promise<void>;
};
