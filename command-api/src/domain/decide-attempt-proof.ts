import type { AccountEvent, UserId } from '@zameni/contracts';
import type { ClosedState, OpenState } from './attempt.ts';
import {
  accountIn,
  attemptIn,
  claimIn,
  closeAttempt,
  commit,
  type Decision,
  refuse,
  type Situation,
} from './decision.ts';
import {
  ALL_FIELDS,
  confirmAccount,
  disowned,
  lookAtHolder,
  provenClaim,
  refuseFields,
  type Said,
} from './verification.ts';

/** A proof by the link of an attempt: the attempt, its address and its record. */
export type ProveAttempt = {
  readonly id: UserId;
  readonly claim: string;
  readonly position: number;
  readonly said: Said;
};

const invalid = refuse('invalid-verification-token');

/**
 * Decides the proof of an attempt's mailbox. If the address is free, the attempt becomes an account
 * with the data of the prover. If an unproven account holds the address, the prover confirms or
 * disowns it. A proven account keeps its address. A second use changes nothing and gets the same
 * answer.
 */
export function decideAttemptProof(command: ProveAttempt, situation: Situation): Decision {
  const { id, claim, position, said } = command;
  const account = accountIn(situation, id);
  if (account.status === 'erased') return invalid;
  if (account.status !== 'absent') {
    // Knowing an id is no proof: the account must come from this very attempt.
    if (account.attempt !== position) return invalid;
    return said.notMine === true ? refuse('address-taken') : { outcome: 'unchanged' };
  }
  const attempt = attemptIn(situation, id);
  if (attempt.state === 'closed') return decideAgain(command, attempt, situation);
  if (attempt.state !== 'open' || attempt.position !== position) return invalid;
  const holder = claimIn(situation, claim);
  if (holder.erasedAt > position) return invalid;
  if (said.notMine === true) {
    return (
      refuseFields(said, ALL_FIELDS) ??
      commit({ attempts: [closeAttempt(id, attempt, 'not-mine')] })
    );
  }
  if (holder.state === 'free') {
    // There is no account to confirm, and the attempt's data alone may not be the prover's.
    return said.holder === 'confirm'
      ? refuse('invalid-request', [{ pointer: '/holder', code: 'not-taken' }])
      : register(command, attempt);
  }
  if (holder.verified) return refuse('address-taken');
  const found = lookAtHolder(situation, holder.userId);
  if ('outcome' in found) return found;
  switch (said.holder) {
    case undefined:
      return refuse('address-unproven');
    case 'confirm': {
      const refusal = refuseFields(said);
      if (refusal !== undefined) return refusal;
      if (found.status === 'deactivated') return refuse('user-deactivated');
      const { userId } = holder;
      const closed = [closeAttempt(id, attempt, 'proof', userId)];
      return { ...confirmAccount({ userId, account: found }, claim, closed), subject: userId };
    }
    case 'not-mine': {
      const { accounts, ...rest } = register(command, attempt);
      return { ...rest, accounts: [disowned(holder.userId), ...accounts] };
    }
    default:
      return said.holder satisfies never;
  }
}

/** Answers a link that was used before, by the record that closed its attempt. */
function decideAgain(
  { position, said }: ProveAttempt,
  closed: ClosedState,
  situation: Situation,
): Decision {
  const { of, by, userId } = closed;
  if (of !== position) return invalid;
  if (by === 'not-mine') return said.notMine === true ? { outcome: 'unchanged' } : invalid;
  if (by === 'erasure' || userId === undefined) return invalid;
  if (!situation.accounts.has(userId)) return { outcome: 'look', account: userId };
  if (accountIn(situation, userId).status === 'erased') return invalid;
  if (said.notMine === true) return refuse('address-taken');
  return { outcome: 'unchanged', subject: userId };
}

function register({ id, claim, said }: ProveAttempt, attempt: OpenState) {
  const { data, fingerprint, position } = attempt;
  const { displayName, locale, termsVersion, profile } = {
    ...data,
    locale: attempt.locale,
    ...definedOf(said),
  };
  const event: AccountEvent = {
    name: 'registered',
    data: {
      locale,
      termsVersion,
      fingerprint,
      emailVerified: true,
      attempt: position,
    },
    personal: { email: data.email, claim, displayName, profile: { ...profile } },
  };
  return commit({
    accounts: [{ userId: id, event }],
    claims: [provenClaim(claim, id)],
    attempts: [closeAttempt(id, attempt, 'proof', id)],
  });
}

function definedOf({ displayName, locale, termsVersion, profile }: Said) {
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(locale === undefined ? {} : { locale }),
    ...(termsVersion === undefined ? {} : { termsVersion }),
    ...(profile === undefined ? {} : { profile }),
  };
}
