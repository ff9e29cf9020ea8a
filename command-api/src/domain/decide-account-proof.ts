import type { AccountEvent, UserId } from '@zameni/contracts';
import type { PersonData, PresentAccount } from './account.ts';
import {
  type AttemptChange,
  accountIn,
  attemptIn,
  claimIn,
  closeAttempt,
  commit,
  type Decision,
  giveUp,
  refuse,
  reserve,
  type Situation,
} from './decision.ts';
import { cancelChange, undoChange } from './undo-change.ts';
import {
  ALL_FIELDS,
  confirmAccount,
  disowned,
  lookAtHolder,
  provenClaim,
  refuseFields,
  type Said,
} from './verification.ts';

/** A proof by the link of an account: the account, the address and the requesting event. */
export type ProveAccount = {
  readonly userId: UserId;
  readonly claim: string;
  readonly request: string;
  /** The attempt that caused the mail about an unproven account. The proof closes it. */
  readonly attempt: { readonly id: UserId; readonly position: number } | undefined;
  readonly said: Said;
  /** The person's data. A link proves only the address that its event requested. */
  readonly data: PersonData | undefined;
  /** The instant of the command (RFC 3339). */
  readonly now: string;
  /** Until when a change that is made now can be taken back (RFC 3339). */
  readonly undoUntil: string;
};

const invalid = refuse('invalid-verification-token');

/** What the link of an account is for. */
export type AccountLinkKind = 'account' | 'email-change' | 'undo-change';

/**
 * Tells what a link is for by its event and its address: the address of the registration, the one
 * that a change wants, or the one that a change leaves. Undefined if its event asked for no link to
 * this address.
 */
export function kindOfLink(
  account: PresentAccount,
  { request, claim, data }: Pick<ProveAccount, 'request' | 'claim' | 'data'>,
): AccountLinkKind | undefined {
  if (request === account.registration) return 'account';
  const change = data?.changes.find((each) => each.request === request);
  if (change?.to === claim) return 'email-change';
  return change?.from === claim ? 'undo-change' : undefined;
}

/**
 * Decides the proof of an account's mailbox: of the unproven address that it holds, or of the
 * address that it wants. The link to the old address of a change cancels or undoes it. A second use
 * changes nothing and gets the same answer.
 */
export function decideAccountProof(command: ProveAccount, situation: Situation): Decision {
  const { userId, claim, request, said, data } = command;
  const account = accountIn(situation, userId);
  if (account.status === 'absent' || account.status === 'erased') return invalid;
  const kind = kindOfLink(account, command);
  if (kind === 'undo-change') return undoChange(command, account, situation);
  const isNotMine = said.notMine === true;
  const isOfChange = kind !== 'account';
  const refusal = isOfChange && !isNotMine ? refuseFields(said) : refuseFields(said, ALL_FIELDS);
  if (refusal !== undefined) return refusal;
  if (account.proofs.includes(request)) {
    return isNotMine ? refuse('address-taken') : { outcome: 'unchanged' };
  }
  if (!isOfChange) {
    if (isNotMine && !account.holdsAddress) return { outcome: 'unchanged' };
    if (!account.holdsAddress || account.emailVerified || data?.claim !== claim) return invalid;
    return proveHeld(command, account, situation);
  }
  if (request !== account.change || data?.wanted?.claim !== claim) {
    // A change that was cancelled is not pending any more, so there is nothing to disown.
    return isNotMine ? { outcome: 'unchanged' } : invalid;
  }
  if (isNotMine) {
    return cancelChange(userId);
  }
  if (account.status === 'deactivated') return refuse('user-deactivated');
  return proveWanted(command, account, { old: data, wanted: data.wanted }, situation);
}

function proveHeld(
  { userId, claim, attempt, said }: ProveAccount,
  account: PresentAccount,
  situation: Situation,
): Decision {
  if (said.notMine === true) {
    const record = { state: 'released', by: 'disowning' } as const;
    return commit({ accounts: [disowned(userId)], claims: [{ claim, record }] });
  }
  if (account.status === 'deactivated') return refuse('user-deactivated');
  const closed = closeNamed(situation, { claim, attempt, userId });
  return confirmAccount({ userId, account }, claim, closed);
}

/** Closes the attempt that a link names, unless it is void or its record is no longer that one. */
function closeNamed(
  situation: Situation,
  { claim, attempt: named, userId }: Pick<ProveAccount, 'claim' | 'attempt' | 'userId'>,
): AttemptChange[] {
  if (named === undefined || claimIn(situation, claim).erasedAt > named.position) return [];
  const attempt = attemptIn(situation, named.id);
  if (attempt.state !== 'open' || attempt.position !== named.position) return [];
  return [closeAttempt(named.id, attempt, 'proof', userId)];
}

type Addresses = {
  readonly old: PersonData;
  readonly wanted: NonNullable<PersonData['wanted']>;
};

function proveWanted(
  { userId, claim, request, said, undoUntil }: ProveAccount,
  { emailVerified, locale }: PresentAccount,
  { old, wanted }: Addresses,
  situation: Situation,
): Decision {
  const holder = claimIn(situation, claim);
  const isLeft = old.claim !== claim;
  // Of a mailbox that nobody has proven, the account keeps nothing.
  const reserved = isLeft && emailVerified ? reserve(situation, userId, old.claim, undoUntil) : [];
  const isReserved = reserved.length > 0;
  const event: AccountEvent = {
    name: 'email-changed',
    data: {
      request,
      ...(isReserved ? { undoUntil } : {}),
      ...(emailVerified ? {} : { firstProof: { locale } }),
    },
    personal: wanted,
  };
  const changed = commit({
    accounts: [{ userId, event }],
    claims: [
      provenClaim(claim, userId),
      ...reserved,
      ...(isLeft && !isReserved ? giveUp(situation, userId, old.claim, 'email-change') : []),
    ],
  });
  if (holder.state === 'free' || holder.userId === userId) return changed;
  if (holder.verified) return refuse('address-taken');
  if (said.holder === undefined) return refuse('address-unproven');
  if (said.holder === 'confirm') {
    // This person would be left with a pending change that can never be made.
    return refuse('invalid-request', [{ pointer: '/holder', code: 'not-taken' }]);
  }
  const found = lookAtHolder(situation, holder.userId);
  if ('outcome' in found) return found;
  return { ...changed, accounts: [disowned(holder.userId), ...changed.accounts] };
}
