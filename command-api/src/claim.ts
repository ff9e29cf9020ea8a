import type { ClaimRecord, UserId } from '@zameni/contracts';

/** Who has an address; `expired`: unproven for longer than a claim lasts. */
export type ClaimState =
  | { readonly state: 'free' }
  | {
      readonly state: 'held';
      readonly userId: UserId;
      readonly verified: boolean;
      readonly expired: boolean;
      readonly since: string | undefined;
      readonly contenders: readonly UserId[];
    };

/** What a claim record means at an instant, for a lifetime of unproven claims in milliseconds. */
export function toClaimState(
  record: ClaimRecord | undefined,
  { now, lifetimeMs }: { readonly now: string; readonly lifetimeMs: number },
): ClaimState {
  if (record === undefined || record.state === 'released') return { state: 'free' };
  const { verified, since, contenders = [] } = record;
  const ageMs = since === undefined ? 0 : Date.parse(now) - Date.parse(since);
  return {
    state: 'held',
    // The schema of the record has checked the form of the ids.
    userId: record.userId as UserId,
    verified,
    expired: !verified && ageMs > lifetimeMs,
    since,
    contenders: contenders as UserId[],
  };
}

/** Everybody who has a stake in an address: who holds it, and who waits to prove it. */
export function claimantsOf(claim: ClaimState): readonly UserId[] {
  return claim.state === 'free' ? [] : [claim.userId, ...claim.contenders];
}
