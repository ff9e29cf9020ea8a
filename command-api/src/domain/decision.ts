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

/** One event of one account. */
export type AccountChange = { readonly userId: UserId; readonly event: AccountEvent };

/** A new last record of a claim. */
export type ClaimChange = { readonly claim: string; readonly record: ClaimRecord };

/** The closing of an attempt. Its records up to a position will be deleted. */
export type AttemptChange = {
  readonly id: UserId;
  readonly record: ClosedAttempt;
  readonly upTo: number;
};

/** The address of a person who is erased, for the mail that confirms it. */
export type FarewellChange = {
  readonly userId: UserId;
  /** The event that requested the change away from the address, if it is a former one. */
  readonly request?: string;
  readonly email: string;
  readonly locale: string;
};

/** Input of a decision. */
export type Situation = {
  readonly accounts: ReadonlyMap<UserId, AccountState>;
  readonly claims: ReadonlyMap<string, ClaimState>;
  readonly attempts: ReadonlyMap<UserId, AttemptState>;
};

/** Changes that are appended together or not at all. */
export type Commit = {
  readonly outcome: 'commit';
  readonly accounts: readonly AccountChange[];
  readonly claims: readonly ClaimChange[];
  readonly attempts: readonly AttemptChange[];
  readonly farewells: readonly FarewellChange[];
};

/** A business refusal. */
export type Refusal = {
  readonly outcome: 'refused';
  readonly code: ErrorCode;
  readonly errors?: readonly FieldError[];
};

/**
 * Result of a command: commit these changes together, change nothing, refuse, or look at another
 * account and decide again. `subject` is the account of the answer if it is not the account that
 * the command named.
 */
export type Decision = (
  | Commit
  | { readonly outcome: 'unchanged' }
  | Refusal
  | { readonly outcome: 'look'; readonly account: UserId }
) & { readonly subject?: UserId };

/** Creates a commit. Changes that are left out are empty. */
export function commit(changes: Partial<Omit<Commit, 'outcome'>>): Commit {
  const { accounts = [], claims = [], attempts = [], farewells = [] } = changes;
  return { outcome: 'commit', accounts, claims, attempts, farewells };
}

/** Creates a refusal. */
export function refuse(code: ErrorCode, errors?: readonly FieldError[]): Refusal {
  return { outcome: 'refused', code, ...(errors === undefined ? {} : { errors }) };
}

/** Creates the closing of an attempt. `userId` is the account that a proof created or confirmed. */
export function closeAttempt(
  id: UserId,
  { position: upTo, of: attempt, expiresAt }: LastRecord,
  by: ClosedAttempt['by'],
  userId?: UserId,
): AttemptChange {
  const record = { state: 'closed', attempt, expiresAt, by } as const;
  return { id, upTo, record: userId === undefined ? record : { ...record, userId } };
}

/** Returns the state of an account. */
export function accountIn({ accounts }: Situation, userId: UserId): AccountState {
  return accounts.get(userId) ?? absentAccount;
}

/** Returns the state of a claim. */
export function claimIn({ claims }: Situation, claim: string): ClaimState {
  return claims.get(claim) ?? freeClaim;
}

/** Returns the state of an attempt. */
export function attemptIn({ attempts }: Situation, id: UserId): AttemptState {
  return attempts.get(id) ?? absentAttempt;
}

/** Releases a claim. Returns nothing if another account holds it. */
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

/**
 * Releases the claim of a former address, also one whose reservation is over. Returns nothing if the
 * log has no record of it that names the account.
 */
export function giveUpFormer(
  situation: Situation,
  userId: UserId,
  claim: string,
): readonly ClaimChange[] {
  const current = claimIn(situation, claim);
  const isLeft = current.state === 'free' && current.formerHolder === userId;
  if (!isLeft) return giveUp(situation, userId, claim, 'email-change');
  return [{ claim, record: { state: 'released', by: 'email-change' } }];
}

/** Reserves a claim that an account gives up, until an instant. Returns nothing if another holds it. */
export function reserve(
  situation: Situation,
  userId: UserId,
  claim: string,
  until: string,
): readonly ClaimChange[] {
  const current = claimIn(situation, claim);
  const isOwn = current.state === 'held' && current.userId === userId;
  return isOwn ? [{ claim, record: { state: 'held', userId, verified: true, until } }] : [];
}
