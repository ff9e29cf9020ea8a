import type { AttemptRecord } from '@zameni/contracts';

/** A record of an attempt, not opened, as the projection gets it. */
export type ProjectedAttempt = {
  readonly attemptId: string;
  readonly position: number;
  readonly record: AttemptRecord;
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | undefined;
};

/**
 * An attempt as the read model keeps it: nothing of what was asked, which stays sealed. `open` awaits
 * proof until its instant; `void` seems to, after an erasure of its address; `registered` was closed by
 * proof, `gone` otherwise or by an erasure.
 */
export type AttemptRow = {
  readonly attemptId: string;
  /**
   * The digest of the address, while proof is possible, and of a void attempt until the eraser has
   * deleted it: it finds the attempt by it.
   */
  readonly claim: string | null;
  /** The place in the log of the last record in the row. */
  readonly position: number;
  readonly expiresAt: string;
  readonly state: 'open' | 'void' | 'registered' | 'gone';
  /** The account that came of it, or was confirmed by it. */
  readonly userId: string | null;
};

/** The row of an attempt after a record of it; only a void one keeps something of the row before. */
export function toAttemptRow(
  { attemptId, position, record }: ProjectedAttempt,
  before?: AttemptRow,
): AttemptRow {
  const { expiresAt } = record;
  return keepClaim({ attemptId, position, expiresAt, ...toFields(record) }, before);
}

/** A void row with the claim of the row before it; any other row as it is. */
export function keepClaim(row: AttemptRow, before: AttemptRow | undefined): AttemptRow {
  return row.state === 'void' ? { ...row, claim: row.claim ?? before?.claim ?? null } : row;
}

function toFields(record: AttemptRecord): Pick<AttemptRow, 'claim' | 'state' | 'userId'> {
  switch (record.state) {
    case 'open':
      return { claim: record.claim, state: 'open', userId: null };
    case 'void':
      return { claim: null, state: 'void', userId: null };
    case 'closed':
      return record.by === 'proof'
        ? { claim: null, state: 'registered', userId: record.userId ?? null }
        : { claim: null, state: 'gone', userId: null };
    default:
      return record satisfies never;
  }
}

/** The row after the erasure of a person. */
export function eraseAccount(row: AttemptRow, userId: string): AttemptRow {
  return row.userId === userId ? { ...row, state: 'gone', userId: null } : row;
}
