import {
  type AccountEvent,
  type ClaimRecord,
  MAX_CONTENDERS,
  type UserId,
} from '@zameni/contracts';
import type { PersonData } from './account.ts';
import { accountIn, claimIn, type Decision, type Situation, supersede } from './decision.ts';

/** A person asks to be registered; time, ids and digests are already in it. */
export type Register = {
  readonly userId: UserId;
  readonly time: string;
  readonly fingerprint: string;
  readonly locale: string;
  readonly termsVersion: string;
  /** Set when she is not to be mailed about it. */
  readonly mail?: 'none';
  readonly personal: Pick<PersonData, 'email' | 'claim' | 'displayName' | 'profile'>;
};

/**
 * Decides a registration; it never fails. A free address is held from now on. One that somebody holds
 * unproven is contested: the attempt waits for proof of the mailbox. One that is proven is taken. An
 * account that has events was decided before and stays as it is.
 */
export function decideRegistration(command: Register, situation: Situation): Decision {
  const { userId, time, fingerprint, locale, termsVersion, mail, personal } = command;
  if (accountIn(situation, userId).status !== 'absent') return { outcome: 'unchanged' };
  const claim = claimIn(situation, personal.claim);
  const registered = (standing: 'held' | 'contested'): AccountEvent => ({
    name: 'registered',
    data: {
      locale,
      termsVersion,
      fingerprint,
      standing,
      ...(mail === undefined ? {} : { mail }),
    },
    personal: { ...personal, profile: { ...personal.profile } },
  });
  const held: ClaimRecord = { state: 'held', userId, verified: false, since: time };
  if (claim.state === 'free' || claim.expired) {
    const holders = claim.state === 'free' ? [] : [claim.userId];
    const losers = supersede(situation, holders, 'expiry');
    if ('look' in losers) return { outcome: 'look', accounts: losers.look };
    // Attempts of others may be minutes old: they still may prove the mailbox.
    const contenders = claim.state === 'free' ? [] : [...claim.contenders];
    const record = contenders.length === 0 ? held : { ...held, contenders };
    return {
      outcome: 'commit',
      accounts: [{ userId, event: registered('held') }, ...losers.changes],
      claims: [{ claim: personal.claim, record }],
    };
  }
  if (claim.verified) {
    const data = { reason: 'address-taken', fingerprint } as const;
    const event: AccountEvent = { name: 'registration-refused', data, personal: null };
    return { outcome: 'commit', accounts: [{ userId, event }], claims: [] };
  }
  const contenders = [...claim.contenders, userId].slice(-MAX_CONTENDERS);
  const record: ClaimRecord = {
    ...held,
    userId: claim.userId,
    // A claim of the first days has no instant and still must not expire at once.
    since: claim.since ?? time,
    contenders,
  };
  return {
    outcome: 'commit',
    accounts: [{ userId, event: registered('contested') }],
    claims: [{ claim: personal.claim, record }],
  };
}
