import type { LeaseStore } from './leased-work.ts';

/**
 * Renews a lease that was just taken, at most every `everyMs`: asked between small steps, it seldom asks
 * the store. Answers false when the lease is lost.
 */
export function createLeaseKeeper(
  { renewLease }: Pick<LeaseStore, 'renewLease'>,
  everyMs: number,
): () => Promise<boolean> {
  let renewedAtMs = performance.now();
  return async () => {
    if (performance.now() - renewedAtMs < everyMs) return true;
    const isOurs = await renewLease();
    renewedAtMs = performance.now();
    return isOurs;
  };
}
