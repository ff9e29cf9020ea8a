import type { ClaimRecord } from '@zameni/contracts';
import { attemptTtlSeconds } from '@zameni/runtime';

/**
 * The lifetime of a claim's record that is written once more. Only one that is reserved ends by
 * itself, and would stay for ever without it.
 */
export function claimTtl(record: ClaimRecord, now: Date): { readonly ttlSeconds?: number } {
  if (record.state !== 'held' || record.until === undefined) return {};
  return { ttlSeconds: attemptTtlSeconds(now.toISOString(), record.until) };
}
