import type { AccountEvent, ClaimRecord, UserId } from '@zameni/contracts';
import type { PersonData } from './account.ts';
import { claimantsOf } from './claim.ts';
import { accountIn, claimIn, type Decision, type Situation, supersede } from './decision.ts';

/** A mailbox was proven: the token of the link says whose, which address, and by which attempt. */
export type Verify = {
  readonly userId: UserId;
  readonly claim: string;
  readonly attempt: string;
  readonly time: string;
  /** The person's data: a link proves no other address than the one that its attempt asked for. */
  readonly data: PersonData | undefined;
};

/**
 * Decides a proof of a mailbox. Whoever proves it first owns the address: everybody else with a stake
 * in it is superseded in the same commit. A token used again, or one whose attempt has been overtaken,
 * changes nothing.
 */
export function decideVerification(command: Verify, situation: Situation): Decision {
  const { userId, attempt, data } = command;
  const account = accountIn(situation, userId);
  if (account.status !== 'pending' && account.status !== 'active') return { outcome: 'unchanged' };
  const isUnproven = attempt === account.attempt && !account.emailVerified;
  if (isUnproven && data?.claim === command.claim) {
    const event: AccountEvent = { name: 'email-verified', data: { attempt }, personal: null };
    return takeAddress(command, situation, event, null);
  }
  if (attempt === account.change?.attempt && data?.wanted?.claim === command.claim) {
    const personal = { email: data.wanted.email, claim: command.claim };
    const event: AccountEvent = { name: 'email-changed', data: { attempt }, personal };
    return takeAddress(command, situation, event, data.claim);
  }
  return { outcome: 'unchanged' };
}

/** Makes the address the person's own; `oldClaim` is given up when it is another one. */
function takeAddress(
  { userId, claim, time }: Verify,
  situation: Situation,
  event: AccountEvent,
  oldClaim: string | null,
): Decision {
  const current = claimIn(situation, claim);
  if (current.state === 'held' && current.verified && current.userId !== userId) {
    // Somebody else was faster.
    return event.name === 'email-verified'
      ? {
          outcome: 'commit',
          accounts: [
            { userId, event: { name: 'superseded', data: { by: 'proof' }, personal: null } },
          ],
          claims: [],
        }
      : { outcome: 'refused', code: 'address-taken' };
  }
  const others = claimantsOf(current).filter((claimant) => claimant !== userId);
  const losers = supersede(situation, others, 'proof');
  if ('look' in losers) return { outcome: 'look', accounts: losers.look };
  const record: ClaimRecord = { state: 'held', userId, verified: true, since: time };
  const givenUp =
    oldClaim === null || oldClaim === claim ? [] : giveUp(situation, userId, oldClaim);
  return {
    outcome: 'commit',
    accounts: [{ userId, event }, ...losers.changes],
    claims: [{ claim, record }, ...givenUp],
  };
}

/**
 * The record that gives up a claim: none when somebody else has it. Who waited to prove the mailbox
 * still may; a free claim is taken by the first proof.
 */
export function giveUp(
  situation: Situation,
  userId: UserId,
  claim: string,
): readonly { readonly claim: string; readonly record: ClaimRecord }[] {
  const current = claimIn(situation, claim);
  if (current.state === 'free') return [];
  if (current.userId === userId) return [{ claim, record: { state: 'released' } }];
  if (!current.contenders.includes(userId)) return [];
  const record: ClaimRecord = {
    state: 'held',
    userId: current.userId,
    verified: current.verified,
    ...(current.since === undefined ? {} : { since: current.since }),
    contenders: current.contenders.filter((contender) => contender !== userId),
  };
  return [{ claim, record }];
}
