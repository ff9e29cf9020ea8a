import type { ClaimRecord, UserId } from '@zameni/contracts';

/** Which account holds an address, and whether its mailbox was proven. */
export type ClaimState =
  | {
      readonly state: 'free';
      /** The position of an erasure that released it; attempts from before are void. */
      readonly erasedAt?: number;
    }
  | { readonly state: 'held'; readonly userId: UserId; readonly verified: boolean };

/** What a claim record means; the position is that of the record. */
export function toClaimState(record: ClaimRecord | undefined, position: number): ClaimState {
  if (record === undefined) return { state: 'free' };
  if (record.state === 'released') {
    return record.by === 'erasure' ? { state: 'free', erasedAt: position } : { state: 'free' };
  }
  // The schema of the record has checked the form of the id.
  return { state: 'held', userId: record.userId as UserId, verified: record.verified };
}
