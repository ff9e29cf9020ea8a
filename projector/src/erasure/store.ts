import type { LeaseStore } from '../lease/work.ts';

/** Progress of an erasure as the eraser knows it. */
export type NotedErasure = {
  readonly userId: string;
  /** Position of the deletion record. No event lies between it and the event of the erasure. */
  readonly position: number;
  /** Servers of the log that may have missed the deletion. */
  readonly behind: readonly string[];
  /** Deleted from the log so far: nothing, the key, or also claims and attempts on the address. */
  readonly isGone: 'nothing' | 'key' | 'all';
};

/** An erasure of which the database does not say that key and claims are gone. */
export type UnmarkedErasure = { readonly userId: string; readonly position: number };

/** Attempts on the address of a claim: open ones before a position, and void ones. */
export type AttemptsOnAddress = { readonly claim: string; readonly before: number };

/** Some attempts on an address, and the position that the read model covered at that time. */
export type FoundAttempts = { readonly ids: readonly string[]; readonly covered: number };

/** Stores the eraser's lease and its progress, and finds attempts. */
export type EraserStore = LeaseStore & {
  /** Adds to the recorded progress of an erasure, also before the projection reaches it. */
  readonly noteErasure: (erasure: NotedErasure) => Promise<void>;
  /**
   * Finds a bounded number of erasures after a position, in its order, that the read model applied
   * some time ago and that the eraser has not recorded as done.
   */
  readonly findUnmarked: (after: number) => Promise<readonly UnmarkedErasure[]>;
  /** Reads the position that the live read model covers. */
  readonly readCoveredPosition: () => Promise<number>;
  /** Finds a bounded number of attempts. */
  readonly findAttempts: (which: AttemptsOnAddress) => Promise<FoundAttempts>;
  /** Removes the row of an attempt that no longer has a record in the log. */
  readonly removeAttempt: (id: string, which: AttemptsOnAddress) => Promise<void>;
  /** Removes the claim from the row of an attempt that was deleted from the log. */
  readonly clearClaim: (id: string, which: AttemptsOnAddress) => Promise<void>;
};
