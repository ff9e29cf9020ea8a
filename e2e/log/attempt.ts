import type { AttemptData, AttemptRecord, ClosedAttempt } from '@zameni/contracts';

/** A record of an attempt at its place; `data` is undefined when its key is destroyed. */
export type PlacedAttempt = {
  readonly position: number;
  readonly record: AttemptRecord;
  readonly data: AttemptData | undefined;
};

/** One attempt, folded from the records of it that are left: once closed, the closing one alone. */
export type LogAttempt = {
  readonly id: string;
  /** The position of the open record. */
  readonly position: number;
  readonly expiresAt: string;
  /** The digest of the address and what was asked for, while the open record is there. */
  readonly claim: string | undefined;
  readonly data: AttemptData | undefined;
  readonly closed:
    | {
        readonly by: ClosedAttempt['by'] | 'void';
        readonly userId: string | undefined;
        readonly position: number;
      }
    | undefined;
};

/** Folds the records of one attempt, which are in log order; the last one counts. */
export function foldAttempt(
  id: string,
  records: readonly [PlacedAttempt, ...PlacedAttempt[]],
): LogAttempt {
  const { record, position, data } = records.at(-1) ?? records[0];
  const { expiresAt } = record;
  if (record.state === 'open') {
    return { id, position, expiresAt, claim: record.claim, data, closed: undefined };
  }
  const { attempt } = record;
  const { by, userId } = record.state === 'void' ? { by: 'void' as const } : record;
  const open = records.findLast((one) => one.position === attempt);
  return {
    id,
    position: attempt,
    expiresAt,
    claim: open?.record.state === 'open' ? open.record.claim : undefined,
    data: open?.data,
    closed: { by, userId, position },
  };
}

/** What is told of an attempt at a position; undefined: nothing, or that there is none. */
export function statusAt(
  { position: openedAt, closed }: LogAttempt,
  position: number,
): 'accepted' | 'awaiting-proof' | 'registered' | undefined {
  if (position < openedAt) return 'accepted';
  // Nobody may observe that an attempt became void.
  if (closed === undefined || closed.by === 'void' || position < closed.position) {
    return 'awaiting-proof';
  }
  return closed.by === 'proof' ? 'registered' : undefined;
}
