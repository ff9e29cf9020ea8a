import type { LeaseStore } from '../lease/work.ts';
import type { Erasure } from './erasures/rows.ts';
import type { RowChanges } from './row-changes.ts';
import type { UserRow } from './users/rows.ts';

/** One batch: its changes, and the checkpoint before and after it. */
export type RowBatch = {
  readonly from: number;
  readonly to: number;
  readonly changes: RowChanges;
};

/** The rows of the projection, with its checkpoint and the lease of its active process. */
export type ProjectionStore = LeaseStore & {
  /**
   * Applies changes and checkpoint together. Returns the rows of people that it changed, or
   * undefined when the checkpoint was not ours to move; then nothing changed.
   */
  readonly apply: (batch: RowBatch) => Promise<readonly UserRow[] | undefined>;
  /** The oldest erasures that the cache may not have, a bounded number. */
  readonly readErasuresNotInCache: () => Promise<readonly Erasure[]>;
  /** Records that these people are erased from the cache. */
  readonly markErasedFromCache: (userIds: readonly string[]) => Promise<void>;
};
