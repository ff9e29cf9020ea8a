import type { UserId } from '@zameni/contracts';
import { type PersonData, type PresentAccount, reservedAddresses } from './account.ts';
import { claimIn, type FarewellChange, type Situation } from './decision.ts';

/** An erasure: whose, the person's data before it, and its instant (RFC 3339). */
export type Erasure = {
  readonly userId: UserId;
  readonly data: PersonData | undefined;
  readonly now: string;
};

/**
 * The farewells of an erasure. Only owners of mailboxes are told: one that is unproven or given up may
 * be somebody else's. A former address that is reserved was proven, and its owner loses the way back.
 */
export function toFarewells(
  { userId, data, now }: Erasure,
  { emailVerified, holdsAddress, locale }: PresentAccount,
  situation: Situation,
): readonly FarewellChange[] {
  if (data === undefined) return [];
  const isOwner = emailVerified && holdsAddress;
  const former = reservedAddresses(data, now).filter(({ claim }) => {
    const current = claimIn(situation, claim);
    return current.state === 'held' && current.userId === userId;
  });
  return [
    ...(isOwner ? [{ userId, email: data.email, locale }] : []),
    ...former.map(({ email, request }) => ({ userId, email, locale, request })),
  ];
}
