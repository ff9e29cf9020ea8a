import type { AttemptRecord } from '@zameni/contracts';

/** A record of an attempt, not opened, as the projection gets it. */
export type ProjectedAttempt = {
  readonly attemptId: string;
  readonly position: number;
  readonly record: AttemptRecord;
  /** W3C trace context of the request that caused it. */
  readonly traceparent: string | undefined;
};

/** The address of an erased person: what was attempted on it before this position is gone. */
export type ErasedAddress = { readonly claim: string; readonly position: number };

/**
 * An attempt as the read model keeps it: nothing of what was asked, which stays sealed. `open` awaits
 * proof until its instant, `registered` was closed by proof, `gone` otherwise or by an erasure.
 */
export type AttemptRow = {
  readonly attemptId: string;
  /** The digest of the address, while the attempt is open or the eraser has yet to find it. */
  readonly claim: string | null;
  /** The place in the log of the last record in the row. */
  readonly position: number;
  readonly expiresAt: string;
  readonly state: 'open' | 'registered' | 'gone';
  /** The account that came of it, or was confirmed by it. */
  readonly userId: string | null;
};

/** The row of an attempt after a record of it, whatever was there before. */
export function toAttemptRow({ attemptId, position, record }: ProjectedAttempt): AttemptRow {
  const { expiresAt } = record;
  return { attemptId, position, expiresAt, ...toFields(record) };
}

function toFields(record: AttemptRecord): Pick<AttemptRow, 'claim' | 'state' | 'userId'> {
  switch (record.state) {
    case 'open':
      return { claim: record.claim, state: 'open', userId: null };
    case 'closed':
      return record.by === 'proof'
        ? { claim: null, state: 'registered', userId: record.userId ?? null }
        : { claim: null, state: 'gone', userId: null };
    default:
      return record satisfies never;
  }
}

/** The row after the erasure of an address; the eraser finds it by its claim. */
export function eraseAddress(row: AttemptRow, { claim, position }: ErasedAddress): AttemptRow {
  const isOnIt = row.state === 'open' && row.claim === claim && row.position < position;
  return isOnIt ? { ...row, state: 'gone' } : row;
}

/** The row after the erasure of a person. */
export function eraseAccount(row: AttemptRow, userId: string): AttemptRow {
  return row.userId === userId ? { ...row, state: 'gone', userId: null } : row;
}
