import type { EventLog } from '@zameni/runtime';
import type { Anchor } from './anchor.ts';
import { assertSameLog, LogMismatchError, type ReadSoFar } from './assert-same-log.ts';
import type { AnchorStore } from './store.ts';

/** Compares a checkpoint with the log, and notes if the log is another one. */
export type CompareLog = {
  /** Before anything is read. Returns the anchors. Throws LogMismatchError, and any other fault. */
  readonly atStart: (position: number, signal: AbortSignal) => Promise<readonly Anchor[]>;
  /** When nothing comes. Throws LogMismatchError only. */
  readonly whenIdle: (read: ReadSoFar, signal: AbortSignal) => Promise<void>;
};

/** The log, and the store of the checkpoint. */
export type CompareLogDeps = {
  readonly log: Pick<EventLog, 'head' | 'readAt'>;
  readonly store: AnchorStore;
};

/** Creates the comparison for one checkpoint. */
export function createCompareLog({ log, store }: CompareLogDeps): CompareLog {
  async function compare(read: ReadSoFar, signal: AbortSignal): Promise<void> {
    try {
      await assertSameLog({ log }, read, signal);
    } catch (error) {
      if (error instanceof LogMismatchError) await store.noteOtherLog(true);
      throw error;
    }
  }

  return {
    atStart: async (position, signal) => {
      const { anchors, isOfOtherLog } = await store.readAnchors();
      await compare({ position, anchors }, signal);
      if (isOfOtherLog) await store.noteOtherLog(false);
      return anchors;
    },
    whenIdle: async (read, signal) => {
      try {
        await compare(read, signal);
      } catch (error) {
        // Without a leader nothing can be compared, and nothing new is read.
        if (error instanceof LogMismatchError) throw error;
      }
    },
  };
}
