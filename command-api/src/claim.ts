import type { ClaimRecord, UserId } from '@zameni/contracts';

/** Which account holds an address, and whether its mailbox was proven. */
export type ClaimState =
  | { readonly state: 'free' }
  | { readonly state: 'held'; readonly userId: UserId; readonly verified: boolean };

/** What a claim record means. */
export function toClaimState(record: ClaimRecord | undefined): ClaimState {
  if (record === undefined || record.state === 'released') return { state: 'free' };
  // The schema of the record has checked the form of the id.
  return { state: 'held', userId: record.userId as UserId, verified: record.verified };
}
