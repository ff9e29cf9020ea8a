import type { LeaseStore } from './leased-work.ts';

/** Where the eraser keeps its lease and its checkpoint, and writes down what it has erased. */
export type EraserStore = LeaseStore & {
  /** Moves the checkpoint, which renews the lease; answers false when it is not ours to move. */
  readonly moveTo: (from: number, to: number) => Promise<boolean>;
  /**
   * Writes down that a person's key and claims are gone; answers false while the projection has not
   * come to the erasure yet.
   */
  readonly markErasedFromLog: (userId: string) => Promise<boolean>;
};
