import type { AttemptRecord, ClaimRecord, OpenAttempt } from '@zameni/contracts';

/** A record of the log with its place. */
export type Placed<Content> = { readonly record: Content; readonly position: number };

/** Why an attempt has no link. */
export type NoAttemptLink =
  | 'attempt-expired'
  | 'attempt-proven'
  | 'attempt-disowned'
  | 'attempt-erased'
  | 'address-taken';

/** What the newest record of an attempt leads to: the claim on its address, an account, or nothing. */
export type AttemptStep =
  | { readonly next: 'claim'; readonly attempt: Placed<OpenAttempt> }
  | { readonly next: 'account' }
  | { readonly next: 'refuse'; readonly reason: NoAttemptLink };

/** Whose link an open attempt gets. */
export type LinkChoice =
  | { readonly next: 'own' }
  | { readonly next: 'holder'; readonly userId: string }
  | { readonly next: 'refuse'; readonly reason: NoAttemptLink };

/**
 * Looks at an attempt at an instant; undefined where there is none under this id. One that was proven
 * leads to the account that came of it, which has links of its own.
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
 * Chooses the link that the mail would carry now: an unproven account that holds the address gets it,
 * for its owner to confirm or disown; `isOwn` asks for that of the attempt in any case.
 */
export function chooseLink(
  { position }: Placed<OpenAttempt>,
  claim: Placed<ClaimRecord> | undefined,
  isOwn: boolean,
): LinkChoice {
  if (claim !== undefined && erasedAtOf(claim) > position) return refuse('attempt-erased');
  if (claim === undefined || claim.record.state === 'released' || isOwn) return { next: 'own' };
  const { userId, verified } = claim.record;
  return verified ? refuse('address-taken') : { next: 'holder', userId };
}

/** Attempts on the address from before this position are void. */
function erasedAtOf({ record, position }: Placed<ClaimRecord>): number {
  const isErased = record.state === 'released' && record.by === 'erasure';
  return isErased ? position : (record.erasedAt ?? 0);
}

function refuse(reason: NoAttemptLink) {
  return { next: 'refuse', reason } as const;
}
