import type { LeaseStore } from '../lease/leased-work.ts';

/** What the eraser knows of an erasure. */
export type NotedErasure = {
  readonly userId: string;
  /** Of the deletion record; no event lies between it and that of the erasure. */
  readonly position: number;
  /** Servers of the log that may have missed the deletion. */
  readonly behind: readonly string[];
  /** What is gone from the log: nothing yet, the key, or claims and attempts on the address too. */
  readonly isGone: 'nothing' | 'key' | 'all';
};

/** Attempts whose address has this claim: open ones from before a position, and void ones. */
export type AttemptsOnAddress = { readonly claim: string; readonly before: number };

/** Some attempts on an address, and the position that the read model covered when they were found. */
export type FoundAttempts = { readonly ids: readonly string[]; readonly covered: number };

/** Where the eraser keeps its lease, finds attempts, and writes down what it has erased. */
export type EraserStore = LeaseStore & {
  /** Adds to what is written down of an erasure, which the projection need not have come to yet. */
  readonly noteErasure: (erasure: NotedErasure) => Promise<void>;
  /** How far the live read model is. */
  readonly readCoveredPosition: () => Promise<number>;
  /** Some attempts, a bounded number of them. */
  readonly findAttempts: (which: AttemptsOnAddress) => Promise<FoundAttempts>;
  /** Removes the row of an attempt that has no record in the log any more. */
  readonly removeAttempt: (id: string, which: AttemptsOnAddress) => Promise<void>;
  /** Takes the claim out of the row of an attempt that is deleted from the log. */
  readonly settleAttempt: (id: string, which: AttemptsOnAddress) => Promise<void>;
};
