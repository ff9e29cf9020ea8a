import type { AttemptData, AttemptRecord, ClosedAttempt, OpenAttempt } from '@zameni/contracts';

/** The data of a registration: sealed, and in clear. */
export type AttemptContent = AttemptData & Pick<OpenAttempt, 'locale'>;

/** A record of an attempt with its position. `data` is undefined if its key is destroyed. */
export type PlacedAttempt = {
  readonly position: number;
  readonly record: AttemptRecord;
  readonly data: AttemptContent | undefined;
};

/** One attempt, folded from its remaining records. After its end only the last one remains. */
export type LogAttempt = {
  readonly id: string;
  /** Position of the open record. */
  readonly position: number;
  readonly expiresAt: string;
  /** The digest of the address and the data, while the open record exists. */
  readonly claim: string | undefined;
  readonly data: AttemptContent | undefined;
  readonly closed:
    | {
        readonly by: ClosedAttempt['by'] | 'void';
        readonly userId: string | undefined;
        readonly position: number;
      }
    | undefined;
};

/** Folds the records of one attempt in log order. The last one counts. */
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

/** Returns the status that a read at a position reports. Undefined for none. */
export function statusAt(
  { position: openedAt, closed }: LogAttempt,
  position: number,
): 'accepted' | 'awaiting-proof' | 'registered' | undefined {
  if (position < openedAt) return 'accepted';
  // A void attempt must not be observable.
  if (closed === undefined || closed.by === 'void' || position < closed.position) {
    return 'awaiting-proof';
  }
  return closed.by === 'proof' ? 'registered' : undefined;
}
