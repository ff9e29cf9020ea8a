import type { AccountEvent, UserId } from '@zameni/contracts';
import type { PersonData } from './account.ts';
import { accountIn, claimIn, commit, type Decision, refuse, type Situation } from './decision.ts';

/** A vouched registration. It already contains time, ids and digests. */
export type Register = {
  readonly userId: UserId;
  readonly fingerprint: string;
  readonly locale: string;
  readonly termsVersion: string;
  readonly emailVerified: boolean;
  /** Set if the person must not get mail about it. */
  readonly mail?: 'none';
  readonly personal: Pick<PersonData, 'email' | 'claim' | 'displayName' | 'profile'>;
};

/**
 * Decides a vouched registration: creates the account if the address is free. An account that
 * already has events was decided before and stays unchanged.
 */
export function decideRegistration(command: Register, situation: Situation): Decision {
  const { userId, personal, ...data } = command;
  if (accountIn(situation, userId).status !== 'absent') return { outcome: 'unchanged' };
  const { claim, profile } = personal;
  if (claimIn(situation, claim).state === 'held') return refuse('address-taken');
  const event: AccountEvent = {
    name: 'registered',
    data,
    personal: { ...personal, profile: { ...profile } },
  };
  const record = { state: 'held', userId, verified: data.emailVerified } as const;
  return commit({ accounts: [{ userId, event }], claims: [{ claim, record }] });
}
