import type { AccountEvent, ClaimRecord, ErrorCode, FieldError, UserId } from '@zameni/contracts';
import { type AccountState, absentAccount } from './account.ts';
import type { ClaimState } from './claim.ts';

/** One event for one account. */
export type AccountChange = { readonly userId: UserId; readonly event: AccountEvent };

/** A new last record of a claim. */
export type ClaimChange = { readonly claim: string; readonly record: ClaimRecord };

/** What a command decides from. */
export type Situation = {
  readonly accounts: ReadonlyMap<UserId, AccountState>;
  readonly claims: ReadonlyMap<string, ClaimState>;
};

/**
 * What to do about a command: commit these changes together, change nothing, refuse, or look at
 * more accounts and decide again.
 */
export type Decision =
  | {
      readonly outcome: 'commit';
      readonly accounts: readonly AccountChange[];
      readonly claims: readonly ClaimChange[];
    }
  | { readonly outcome: 'unchanged' }
  | {
      readonly outcome: 'refused';
      readonly code: ErrorCode;
      readonly errors?: readonly FieldError[];
    }
  | { readonly outcome: 'look'; readonly accounts: readonly UserId[] };

/** The state of an account in a situation. */
export function accountIn({ accounts }: Situation, userId: UserId): AccountState {
  return accounts.get(userId) ?? absentAccount;
}

/** The state of a claim in a situation. */
export function claimIn({ claims }: Situation, claim: string): ClaimState {
  return claims.get(claim) ?? { state: 'free' };
}

/** Who loses an address to somebody else, or whom to look at first to know. */
export function supersede(
  situation: Situation,
  losers: readonly UserId[],
  by: 'proof' | 'expiry',
): { readonly changes: readonly AccountChange[] } | { readonly look: readonly UserId[] } {
  const unknown = losers.filter((userId) => !situation.accounts.has(userId));
  if (unknown.length > 0) return { look: unknown };
  const changes = losers.flatMap((userId): AccountChange[] => {
    const { status } = accountIn(situation, userId);
    const loses = status === 'pending' || status === 'active' || status === 'deactivated';
    return loses ? [{ userId, event: { name: 'superseded', data: { by }, personal: null } }] : [];
  });
  return { changes };
}
