import type { LeaseStore } from './work.ts';

/**
 * Creates a function that renews a lease that was just taken, at most every `everyMs`. Work calls
 * it between small steps, and it seldom asks the store. It returns false when the lease is lost.
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
