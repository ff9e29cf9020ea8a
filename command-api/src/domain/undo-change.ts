import type { AccountEvent, UserId } from '@zameni/contracts';
import type { PersonData, PresentAccount, RequestedAddress } from './account.ts';
import { isBefore } from './claim.ts';
import { claimIn, commit, type Decision, giveUp, refuse, type Situation } from './decision.ts';
import { ALL_FIELDS, provenClaim, refuseFields, type Said } from './verification.ts';

/** The use of the link to the mailbox that an address change leaves. */
export type UndoChange = {
  readonly userId: UserId;
  /** The event that requested the change. */
  readonly request: string;
  readonly said: Said;
  readonly data: PersonData | undefined;
  /** The instant of the command (RFC 3339). */
  readonly now: string;
};

/**
 * Decides an undo. The old mailbox may stop a change while it is pending, and take it back for some
 * time after it was made, by `notMine`. The same holds for every later change that leaves the same
 * mailbox: a thief could otherwise replace the change before its notice is read. An account that is
 * deactivated gets its address back too.
 */
export function undoChange(
  command: UndoChange,
  account: PresentAccount,
  situation: Situation,
): Decision {
  const { userId, request, said, data } = command;
  const refusal = refuseFields(said, ALL_FIELDS);
  if (refusal !== undefined) return refusal;
  if (said.notMine !== true) {
    return refuse('invalid-request', [{ pointer: '/notMine', code: 'required' }]);
  }
  const changes = data?.changes ?? [];
  const first = changes.findIndex((change) => change.request === request);
  const mailbox = changes[first]?.from;
  if (data === undefined || mailbox === undefined) return refuse('invalid-verification-token');
  if (data.claim === mailbox) {
    if (account.change === undefined) return { outcome: 'unchanged' };
    // The owner of the mailbox has disowned the account since.
    if (!account.holdsAddress) return refuse('invalid-verification-token');
    return cancelChange(userId);
  }
  const isMade = ({ from, request: one, isUndone }: RequestedAddress) =>
    from === mailbox && account.proofs.includes(one) && isUndone !== true;
  const made = changes.slice(first).findLast(isMade);
  return made === undefined ? { outcome: 'unchanged' } : takeBack(command, made, situation);
}

/** Gives the account its former address again, and releases the one that it has now. */
function takeBack(
  { userId, data, now }: UndoChange,
  { request, from, fromEmail, undoUntil }: RequestedAddress,
  situation: Situation,
): Decision {
  const holder = claimIn(situation, from);
  const isReserved = undoUntil !== undefined && isBefore(now, undoUntil);
  const isOwn = holder.state === 'held' && holder.userId === userId;
  if (!isReserved || !isOwn || data === undefined) return refuse('address-taken');
  const event: AccountEvent = {
    name: 'email-changed',
    data: { request, undo: true },
    personal: { email: fromEmail, claim: from },
  };
  return commit({
    accounts: [{ userId, event }],
    claims: [provenClaim(from, userId), ...giveUp(situation, userId, data.claim, 'email-change')],
  });
}

/** Cancels the pending change. */
export function cancelChange(userId: UserId): Decision {
  const event = { name: 'email-change-cancelled', data: {}, personal: null } as const;
  return commit({ accounts: [{ userId, event }] });
}
