import type { Anchor } from '../anchors/anchor.ts';
import type { AnchorStore } from '../anchors/store.ts';
import type { LeaseStore } from '../lease/work.ts';
import type { ParkingChanges } from '../parking/changes.ts';
import type { ParkingStore } from '../parking/store.ts';
import type { Erasure } from './erasures/rows.ts';
import type { RowChanges } from './row-changes.ts';
import type { UserRow } from './users/rows.ts';

/** One batch: its changes of rows and of parked subjects, and the checkpoint before and after it. */
export type RowBatch = {
  readonly from: number;
  readonly to: number;
  readonly changes: RowChanges;
  /** Left out if the batch changes no parked subject. */
  readonly parking?: ParkingChanges;
  /** The anchors of the checkpoint after it. Left out if they stay. */
  readonly anchors?: readonly Anchor[];
};

/** The rows of the projection, with its checkpoint and the lease of its active process. */
export type ProjectionStore = LeaseStore &
  AnchorStore &
  ParkingStore & {
    /**
     * Applies changes and checkpoint together. Returns the rows of people that it changed, or
     * undefined when the checkpoint was not ours to move; then nothing changed.
     */
    readonly apply: (batch: RowBatch) => Promise<readonly UserRow[] | undefined>;
    /**
     * Applies a batch and takes it back. Returns the SQLSTATE if Postgres refuses the data, otherwise
     * undefined. Throws for every other fault.
     */
    readonly findRejection: (batch: RowBatch) => Promise<string | undefined>;
    /** The oldest erasures that the cache may not have, a bounded number. */
    readonly readErasuresNotInCache: () => Promise<readonly Erasure[]>;
    /** Records that these people are erased from the cache. */
    readonly markErasedFromCache: (userIds: readonly string[]) => Promise<void>;
  };
