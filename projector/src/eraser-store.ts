import type { LeaseStore } from './leased-work.ts';

/** What the eraser knows of an erasure. */
export type NotedErasure = {
  readonly userId: string;
  readonly position: number;
  /** Servers of the log that may have missed the deletion. */
  readonly behind: readonly string[];
  /** Whether key and claims are gone from the log. */
  readonly isDone: boolean;
};

/** Where the eraser keeps its lease and its checkpoint, and writes down what it has erased. */
export type EraserStore = LeaseStore & {
  /** Moves the checkpoint, which renews the lease; answers false when it is not ours to move. */
  readonly moveTo: (from: number, to: number) => Promise<boolean>;
  /** Adds to what is written down of an erasure, which the projection need not have come to yet. */
  readonly noteErasure: (erasure: NotedErasure) => Promise<void>;
};
