import type { LeaseStore } from './leased-work.ts';

/** What the eraser knows of an erasure. */
export type NotedErasure = {
  readonly userId: string;
  /** Of the forget record; no event lies between it and that of the erasure. */
  readonly position: number;
  /** Servers of the log that may have missed the deletion. */
  readonly behind: readonly string[];
  /** Whether key and claims are gone from the log. */
  readonly isDone: boolean;
};

/** Where the eraser keeps its lease, and writes down what it has erased. */
export type EraserStore = LeaseStore & {
  /** Adds to what is written down of an erasure, which the projection need not have come to yet. */
  readonly noteErasure: (erasure: NotedErasure) => Promise<void>;
};
