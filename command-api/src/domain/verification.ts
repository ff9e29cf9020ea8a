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

/** The fields that the prover sends beside the token, in their stored form. */
export type Said = Omit<VerifyEmailCommand, 'token'>;

/** The prover's own data. It is accepted only if an account is created. */
const OWN_FIELDS = ['displayName', 'locale', 'termsVersion', 'profile'] as const;

/** The prover's own data, and what to do with another account that holds the address. */
export const ALL_FIELDS = [...OWN_FIELDS, 'holder'] as const;

/** Refuses fields that this token does not accept, instead of silently dropping them. */
export function refuseFields(
  said: Said,
  fields: readonly (keyof Said)[] = OWN_FIELDS,
): Refusal | undefined {
  const errors = fields.flatMap((name): FieldError[] =>
    said[name] === undefined ? [] : [{ pointer: `/${name}`, code: 'not-taken' }],
  );
  return errors.length === 0 ? undefined : refuse('invalid-request', errors);
}

/** Proves the mailbox of an account that holds its address unproven, and closes the attempts. */
export function confirmAccount(
  { userId, account }: { readonly userId: UserId; readonly account: PresentAccount },
  claim: string,
  attempts: readonly AttemptChange[],
): Commit {
  const data = { request: account.registration, locale: account.locale };
  const event: AccountEvent = { name: 'email-verified', data, personal: null };
  return commit({
    accounts: [{ userId, event }],
    claims: [provenClaim(claim, userId)],
    attempts,
  });
}

/** Returns the event by which an unproven account loses its address to the mailbox's owner. */
export function disowned(userId: UserId): Commit['accounts'][number] {
  const data = { reasonCode: DISOWNED, address: 'released' } as const;
  return { userId, event: { name: 'deactivated', data, personal: null } };
}

/** Returns the unproven account that holds an address, or the decision to look at it first. */
export function lookAtHolder(
  situation: Situation,
  userId: UserId,
): PresentAccount | Extract<Decision, { outcome: 'look' }> {
  if (!situation.accounts.has(userId)) return { outcome: 'look', account: userId };
  const account = accountIn(situation, userId);
  if ('registration' in account) return account;
  throw new Error('a claim is held by an account that is not there');
}

/** Returns the claim as held and proven by an account. */
export function provenClaim(claim: string, userId: UserId): ClaimChange {
  return { claim, record: { state: 'held', userId, verified: true } };
}
