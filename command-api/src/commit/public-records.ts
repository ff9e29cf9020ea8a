import type { LogMessage } from '@zameni/runtime';
import type { Committer } from './committer.ts';

/** A record of the public under a subject of its own, so that its guard cannot fail. */
export type PublicRecord = Omit<LogMessage, 'expectedPosition' | 'guard'>;

/** Appends attempts and mail wishes in groups of their own. */
export type PublicRecords = {
  /** Resolves with the position of the record. */
  readonly append: (record: PublicRecord) => Promise<number>;
  /** Whether a record appended now would be refused, for who can spare the work before. */
  readonly isOverloaded: () => boolean;
};

/**
 * Records with ids of their own never conflict, so a group of them is never read, decided again or
 * halved. They have a committer of their own: conflicts of other commands must not slow them, or a
 * stranger could tell.
 */
export function createPublicRecords(committer: Committer): PublicRecords {
  return {
    isOverloaded: committer.isOverloaded,
    append: (record) =>
      committer.submit({
        reads: [],
        maxMessages: 1,
        decide: () => ({ messages: [record], answer: (position) => position }),
      }),
  };
}
