import type { Committer } from './committer.ts';
import type { Deadline } from './deadline.ts';
import type { UnguardedMessage } from './group/group.ts';

/** A record of the public under a subject of its own, so that its guard cannot fail. */
export type PublicRecord = Omit<UnguardedMessage, 'guard'>;

/** Appends attempts and mail wishes in groups of their own. */
export type PublicRecords = {
  /**
   * Resolves with the position of the record; rejects as `Committer.submit` does, by the deadline.
   */
  readonly append: (record: PublicRecord, deadline: Deadline) => Promise<number>;
  /** Whether a record appended now would be refused. Callers ask before expensive work. */
  readonly isOverloaded: () => boolean;
};

/**
 * Records with ids of their own never conflict, so their groups are never read, decided again or
 * halved. They need a committer of their own: conflicts of other commands would slow them, and a
 * stranger could measure that.
 */
export function createPublicRecords(committer: Committer): PublicRecords {
  return {
    isOverloaded: committer.isOverloaded,
    append: (record, deadline) =>
      deadline.answer(
        committer.submit(
          {
            reads: [],
            maxMessages: 1,
            decide: () => ({ messages: [record], answer: (position) => position }),
          },
          deadline,
        ),
      ),
  };
}
