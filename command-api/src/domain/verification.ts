import {
  type AccountEvent,
  DISOWNED,
  type FieldError,
  type UserId,
  type VerifyEmailCommand,
} from '@zameni/contracts';
import type { PresentAccount } from './account.ts';
import {
  type AttemptChange,
  accountIn,
  type ClaimChange,
  commit,
  type Commit,
  type Decision,
  refuse,
  type Refusal,
  type Situation,
} from './decision.ts';

/** What the prover says beside the token, in the form that is kept. */
export type Said = Omit<VerifyEmailCommand, 'token'>;

/** What the prover may say of themselves; it counts only where an account comes of it. */
const OWN_FIELDS = ['displayName', 'locale', 'termsVersion', 'profile'] as const;

/** Those, and what to do with another account that holds the address. */
export const ALL_FIELDS = [...OWN_FIELDS, 'holder'] as const;

/** Refuses fields that this token cannot take; to drop them silently would lose them. */
export function refuseFields(
  said: Said,
  fields: readonly (keyof Said)[] = OWN_FIELDS,
): Refusal | undefined {
  const errors = fields.flatMap((name): FieldError[] =>
    said[name] === undefined ? [] : [{ pointer: `/${name}`, code: 'not-taken' }],
  );
  return errors.length === 0 ? undefined : refuse('invalid-request', errors);
}

/** Proves the mailbox of an account that holds its address unproven, and closes an attempt with it. */
export function confirmAccount(
  { userId, account }: { readonly userId: UserId; readonly account: PresentAccount },
  claim: string,
  attempts: readonly AttemptChange[],
): Commit {
  const data = { request: account.registration };
  const event: AccountEvent = { name: 'email-verified', data, personal: null };
  return commit({
    accounts: [{ userId, event }],
    claims: [provenClaim(claim, userId)],
    attempts,
  });
}

/** The event by which an unproven account loses its address to the owner of the mailbox. */
export function disowned(userId: UserId): Commit['accounts'][number] {
  const data = { reasonCode: DISOWNED, address: 'released' } as const;
  return { userId, event: { name: 'deactivated', data, personal: null } };
}

/** The unproven account that holds an address, once it was looked at. */
export function lookAtHolder(
  situation: Situation,
  userId: UserId,
): PresentAccount | Extract<Decision, { outcome: 'look' }> {
  if (!situation.accounts.has(userId)) return { outcome: 'look', account: userId };
  const account = accountIn(situation, userId);
  if ('registration' in account) return account;
  throw new Error('a claim is held by an account that is not there');
}

/** The claim as held and proven by an account. */
export function provenClaim(claim: string, userId: UserId): ClaimChange {
  return { claim, record: { state: 'held', userId, verified: true } };
}
