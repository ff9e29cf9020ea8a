import type { UserId } from '@zameni/contracts';
import { claimantsOf } from './claim.ts';
import {
  type AccountChange,
  accountIn,
  claimIn,
  type Decision,
  type Situation,
} from './decision.ts';

/** Somebody asks for the verification mail of an address; `decoy` is an id nobody has. */
export type Resend = {
  readonly claim: string;
  readonly decoy: UserId;
  /** Whether the mailbox may get another mail. */
  readonly isWithinLimit: boolean;
};

/**
 * Decides whose mails are meant: those of everybody who waits to prove the mailbox, because its owner
 * must find the link of her own attempt among those that others began. Where nobody waits the wish lies
 * on the decoy.
 */
export function decideResend(
  { claim, decoy, isWithinLimit }: Resend,
  situation: Situation,
): Decision {
  const current = claimIn(situation, claim);
  const waiting = current.state === 'held' && !current.verified ? claimantsOf(current) : [];
  const meant = waiting.length > 0 && isWithinLimit ? waiting : [decoy];
  // The decoy too is looked at, so that both take the same steps.
  const unknown = meant.filter((userId) => !situation.accounts.has(userId));
  if (unknown.length > 0) return { outcome: 'look', accounts: unknown };
  const wishes = meant.flatMap((userId) => {
    const account = accountIn(situation, userId);
    const isWaiting = account.status === 'pending' || account.status === 'active';
    return isWaiting && !account.emailVerified ? [wish(userId, account.attempt)] : [];
  });
  return {
    outcome: 'commit',
    accounts: wishes.length > 0 ? wishes : [wish(decoy, decoy)],
    claims: [],
  };
}

function wish(userId: UserId, attempt: string): AccountChange {
  const event = { name: 'verification-requested', data: { attempt }, personal: null } as const;
  return { userId, event };
}
