import type { UserId } from '@zameni/contracts';
import { claimantsOf } from './claim.ts';
import { accountIn, claimIn, type Decision, type Situation } from './decision.ts';

/** Somebody asks for the verification mail of an address; `decoy` is an id nobody has. */
export type Resend = {
  readonly claim: string;
  readonly decoy: UserId;
  /** Whether the mailbox may get another mail. */
  readonly isWithinLimit: boolean;
};

/**
 * Decides whose mail is meant: of those who wait to prove the mailbox the newest attempt. Where nobody
 * waits the wish lies on the decoy.
 */
export function decideResend(
  { claim, decoy, isWithinLimit }: Resend,
  situation: Situation,
): Decision {
  const current = claimIn(situation, claim);
  const waiting = current.state === 'held' && !current.verified ? claimantsOf(current) : [];
  const meant = waiting.at(-1) ?? decoy;
  // The decoy too is looked at, so that both take the same steps.
  if (!situation.accounts.has(meant)) return { outcome: 'look', accounts: [meant] };
  const account = accountIn(situation, meant);
  const isWaiting = account.status === 'pending' || account.status === 'active';
  return isWithinLimit && isWaiting && !account.emailVerified
    ? wish(meant, account.attempt)
    : wish(decoy, decoy);
}

function wish(userId: UserId, attempt: string): Decision {
  const event = { name: 'verification-requested', data: { attempt }, personal: null } as const;
  return { outcome: 'commit', accounts: [{ userId, event }], claims: [] };
}
