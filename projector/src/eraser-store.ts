import type { LeaseStore } from './leased-work.ts';

/** What the eraser knows of an erasure. */
export type NotedErasure = {
  readonly userId: string;
  /** Of the deletion record; no event lies between it and that of the erasure. */
  readonly position: number;
  /** Servers of the log that may have missed the deletion. */
  readonly behind: readonly string[];
  /** Whether key, claims and attempts on the address are gone from the log. */
  readonly isDone: boolean;
};

/** Attempts whose address has this claim, and whose last record lies before a position. */
export type AttemptsOnAddress = { readonly claim: string; readonly before: number };

/** Where the eraser keeps its lease, finds attempts, and writes down what it has erased. */
export type EraserStore = LeaseStore & {
  /** Adds to what is written down of an erasure, which the projection need not have come to yet. */
  readonly noteErasure: (erasure: NotedErasure) => Promise<void>;
  /** How far the live read model is. */
  readonly readCoveredPosition: () => Promise<number>;
  /** The ids of some attempts, a bounded number. */
  readonly findAttempts: (which: AttemptsOnAddress) => Promise<readonly string[]>;
  /** Removes the rows of attempts that were found. */
  readonly removeAttempts: (ids: readonly string[], which: AttemptsOnAddress) => Promise<void>;
};
