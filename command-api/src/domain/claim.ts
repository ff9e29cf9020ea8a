import type { ClaimRecord, UserId } from '@zameni/contracts';

/** State of an address: the account that holds it, and whether its mailbox was proven. */
export type ClaimState = {
  /**
   * Position of the newest erasure that released the claim, or 0 without one. Infinity if the
   * erasure is in the batch that is being built. Older attempts on the address are void.
   */
  readonly erasedAt: number;
} & (
  | {
      readonly state: 'free';
      /** The account that it was reserved for, while the log has the record. */
      readonly formerHolder?: UserId;
    }
  | { readonly state: 'held'; readonly userId: UserId; readonly verified: boolean }
);

/** The last record of a claim. The position is undefined in the batch that is being built. */
export type ClaimInLog = { readonly record: ClaimRecord; readonly position: number | undefined };

/** A claim without a record. */
export const freeClaim: ClaimState = { state: 'free', erasedAt: 0 };

/**
 * Interprets the last record of a claim at an instant (RFC 3339). An address that is reserved is
 * held, as by a proven account, until its time is over.
 */
export function toClaimState({ record, position }: ClaimInLog, now: string): ClaimState {
  if (record.state === 'held') {
    const { userId, verified, until, erasedAt = 0 } = record;
    // The schema of the record has checked the form of the id.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const holder = userId as UserId;
    const isOver = until !== undefined && !isBefore(now, until);
    if (isOver) return { state: 'free', formerHolder: holder, erasedAt };
    return { state: 'held', userId: holder, verified, erasedAt };
  }
  const erasedAt =
    record.by === 'erasure' ? (position ?? Number.POSITIVE_INFINITY) : (record.erasedAt ?? 0);
  return { state: 'free', erasedAt };
}

/** Whether an instant is before another one. Timestamps of one form are in the order of their text. */
export function isBefore(instant: string, other: string): boolean {
  return instant < other;
}
