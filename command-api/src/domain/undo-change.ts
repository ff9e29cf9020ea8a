import type { UserId } from '@zameni/contracts';
import type { PresentAccount } from './account.ts';
import { commit, type Decision, refuse } from './decision.ts';
import { ALL_FIELDS, refuseFields, type Said } from './verification.ts';

/** The use of the link to the mailbox that an address change leaves. */
export type UndoChange = {
  readonly userId: UserId;
  /** The event that requested the change. */
  readonly request: string;
  readonly said: Said;
};

/**
 * Decides an undo. The old mailbox may stop a change while it is pending, by `notMine`. It proves
 * nothing. A change that is cancelled or replaced is left as it is, and one that was made too.
 */
export function undoChange(
  { userId, request, said }: UndoChange,
  account: PresentAccount,
): Decision {
  const refusal = refuseFields(said, ALL_FIELDS);
  if (refusal !== undefined) return refusal;
  if (said.notMine !== true) {
    return refuse('invalid-request', [{ pointer: '/notMine', code: 'required' }]);
  }
  if (account.proofs.includes(request)) return refuse('address-taken');
  if (request !== account.change) return { outcome: 'unchanged' };
  // The owner of the mailbox has disowned the account since.
  if (!account.holdsAddress) return refuse('invalid-verification-token');
  return cancelChange(userId);
}

/** Cancels the pending change. */
export function cancelChange(userId: UserId): Decision {
  const event = { name: 'email-change-cancelled', data: {}, personal: null } as const;
  return commit({ accounts: [{ userId, event }] });
}
