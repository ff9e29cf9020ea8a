import type {
  AccountEvent,
  ClaimRecord,
  ClosedAttempt,
  ErrorCode,
  FieldError,
  UserId,
} from '@zameni/contracts';
import { type AccountState, absentAccount } from './account.ts';
import { absentAttempt, type AttemptState, type LastRecord } from './attempt.ts';
import { type ClaimState, freeClaim } from './claim.ts';

/** One event for one account. */
export type AccountChange = { readonly userId: UserId; readonly event: AccountEvent };

/** A new last record of a claim. */
export type ClaimChange = { readonly claim: string; readonly record: ClaimRecord };

/** The closing of an attempt; its records up to a position are to be deleted. */
export type AttemptChange = {
  readonly id: UserId;
  readonly record: ClosedAttempt;
  readonly upTo: number;
};

/** What a command decides from. */
export type Situation = {
  readonly accounts: ReadonlyMap<UserId, AccountState>;
  readonly claims: ReadonlyMap<string, ClaimState>;
  readonly attempts: ReadonlyMap<UserId, AttemptState>;
};

/** Changes that lie in the log together or not at all. */
export type Commit = {
  readonly outcome: 'commit';
  readonly accounts: readonly AccountChange[];
  readonly claims: readonly ClaimChange[];
  readonly attempts: readonly AttemptChange[];
};

/** A business refusal. */
export type Refusal = {
  readonly outcome: 'refused';
  readonly code: ErrorCode;
  readonly errors?: readonly FieldError[];
};

/**
 * What to do about a command: commit these changes together, change nothing, refuse, or look at
 * another account and decide again. `subject` names the account that the answer is about where it is
 * not the one that the command named.
 */
export type Decision = (
  | Commit
  | { readonly outcome: 'unchanged' }
  | Refusal
  | { readonly outcome: 'look'; readonly account: UserId }
) & { readonly subject?: UserId };

/** Changes with what is left out empty. */
export function commit(changes: Partial<Omit<Commit, 'outcome'>>): Commit {
  const { accounts = [], claims = [], attempts = [] } = changes;
  return { outcome: 'commit', accounts, claims, attempts };
}

/** A refusal with its code. */
export function refuse(code: ErrorCode, errors?: readonly FieldError[]): Refusal {
  return { outcome: 'refused', code, ...(errors === undefined ? {} : { errors }) };
}

/** The closing of an attempt; `userId` is the account that a proof led to. */
export function closeAttempt(
  id: UserId,
  { position: upTo, of: attempt, expiresAt }: LastRecord,
  by: ClosedAttempt['by'],
  userId?: UserId,
): AttemptChange {
  const record = { state: 'closed', attempt, expiresAt, by } as const;
  return { id, upTo, record: userId === undefined ? record : { ...record, userId } };
}

/** The state of an account in a situation. */
export function accountIn({ accounts }: Situation, userId: UserId): AccountState {
  return accounts.get(userId) ?? absentAccount;
}

/** The state of a claim in a situation. */
export function claimIn({ claims }: Situation, claim: string): ClaimState {
  return claims.get(claim) ?? freeClaim;
}

/** The state of an attempt in a situation. */
export function attemptIn({ attempts }: Situation, id: UserId): AttemptState {
  return attempts.get(id) ?? absentAttempt;
}

/** The record that gives up a claim: none when another account has it. */
export function giveUp(
  situation: Situation,
  userId: UserId,
  claim: string,
  by: 'erasure' | 'email-change',
): readonly ClaimChange[] {
  const current = claimIn(situation, claim);
  const isOwn = current.state === 'held' && current.userId === userId;
  return isOwn ? [{ claim, record: { state: 'released', by } }] : [];
}
