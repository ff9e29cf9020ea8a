import type { UserId } from '@zameni/contracts';
import type { PersonData, PresentAccount } from './account.ts';
import type { FarewellChange } from './decision.ts';

/**
 * The farewell of an erasure. Only the owner of the mailbox is told: one that is unproven or given up
 * may be somebody else's.
 */
export function toFarewells(
  userId: UserId,
  { emailVerified, holdsAddress, locale }: PresentAccount,
  data: PersonData | undefined,
): readonly FarewellChange[] {
  if (!emailVerified || !holdsAddress || data === undefined) return [];
  return [{ userId, email: data.email, locale }];
}
