import type { AttemptRecord, ClaimRecord, OpenAttempt } from '@zameni/contracts';

/** A record with its position in the log. */
export type Placed<Content> = { readonly record: Content; readonly position: number };

/** Why an attempt has no link. */
export type NoAttemptLink =
  | 'attempt-expired'
  | 'attempt-proven'
  | 'attempt-disowned'
  | 'attempt-erased'
  | 'address-taken';

/**
 * Next step after the newest record of an attempt: look at the claim, at the account, or refuse.
 */
export type AttemptStep =
  | { readonly next: 'claim'; readonly attempt: Placed<OpenAttempt> }
  | { readonly next: 'account' }
  | { readonly next: 'refuse'; readonly reason: NoAttemptLink };

/** The link for an open attempt: its own, or that of the account that holds the address. */
export type LinkChoice =
  | { readonly next: 'own' }
  | { readonly next: 'holder'; readonly userId: string }
  | { readonly next: 'refuse'; readonly reason: NoAttemptLink };

/**
 * Decides the next step for an attempt at a time; `found` is undefined if the id has no
 * attempt. A proven attempt leads to the account that it created, which has links of its own.
 */
export function lookAtAttempt(
  id: string,
  found: Placed<AttemptRecord> | undefined,
  now: Date,
): AttemptStep {
  if (found === undefined) return { next: 'account' };
  const { record, position } = found;
  if (record.state === 'open') {
    if (Date.parse(record.expiresAt) <= now.getTime()) return refuse('attempt-expired');
    return { next: 'claim', attempt: { record, position } };
  }
  if (record.state === 'void') return refuse('attempt-erased');
  switch (record.by) {
    case 'proof':
      return record.userId === id ? { next: 'account' } : refuse('attempt-proven');
    case 'not-mine':
      return refuse('attempt-disowned');
    case 'erasure':
      return refuse('attempt-erased');
    default:
      return record.by satisfies never;
  }
}

/**
 * Chooses the link that a mail would carry now. If an unproven account holds the address, its link
 * is chosen, so that the owner of the mailbox can confirm or disown the account. With `isOwn` the
 * attempt's own link is chosen in any case.
 */
export function chooseLink(
  { position }: Placed<OpenAttempt>,
  claim: Placed<ClaimRecord> | undefined,
  isOwn: boolean,
): LinkChoice {
  if (claim !== undefined && erasedAtOf(claim) > position) return refuse('attempt-erased');
  if (claim === undefined || claim.record.state === 'released' || isOwn) return { next: 'own' };
  // Of a former address that is reserved, the attempt may be proven later.
  if (claim.record.until !== undefined) return { next: 'own' };
  const { userId, verified } = claim.record;
  return verified ? refuse('address-taken') : { next: 'holder', userId };
}

/** Returns the position before which attempts on the address are void. */
function erasedAtOf({ record, position }: Placed<ClaimRecord>): number {
  const isErased = record.state === 'released' && record.by === 'erasure';
  return isErased ? position : (record.erasedAt ?? 0);
}

function refuse(reason: NoAttemptLink) {
  return { next: 'refuse', reason } as const;
}
