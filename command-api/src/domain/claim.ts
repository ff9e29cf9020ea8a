import { ClaimRecord, type UserId } from '@zameni/contracts';
import { Compile } from 'typebox/compile';

/** Which account holds an address, and whether its mailbox was proven. */
export type ClaimState = {
  /**
   * The position of the newest erasure that released the claim, 0 without one. Infinity when it lies in
   * the batch that is being made. Attempts on the address from before it are void.
   */
  readonly erasedAt: number;
} & (
  | { readonly state: 'free' }
  | { readonly state: 'held'; readonly userId: UserId; readonly verified: boolean }
);

/** The last record of a claim; no position while it waits in the batch that is being made. */
export type ClaimInLog = { readonly record: ClaimRecord; readonly position: number | undefined };

/** A claim without a record. */
export const freeClaim: ClaimState = { state: 'free', erasedAt: 0 };

const claimCheck = Compile(ClaimRecord);

/** What a claim record means. */
export function toClaimState({ record, position }: ClaimInLog): ClaimState {
  if (record.state === 'held') {
    // The schema of the record has checked the form of the id.
    const { userId, verified, erasedAt = 0 } = record;
    return { state: 'held', userId: userId as UserId, verified, erasedAt };
  }
  const erasedAt =
    record.by === 'erasure' ? (position ?? Number.POSITIVE_INFINITY) : (record.erasedAt ?? 0);
  return { state: 'free', erasedAt };
}

/** What a claim says; one that cannot be read is never taken for free. */
export function parseClaim(text: string): ClaimRecord {
  const value: unknown = JSON.parse(text);
  if (!claimCheck.Check(value)) throw new Error('a claim in the log cannot be read');
  return value;
}
