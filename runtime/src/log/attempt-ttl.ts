/** Seconds that the log keeps a record of an attempt after its instant. Expiry only cleans up. */
const ATTEMPT_GRACE_SECONDS = 60 * 60;

/**
 * Returns the seconds after which the log drops a record of an attempt that ends at `expiresAt`.
 */
export function attemptTtlSeconds(now: string, expiresAt: string): number {
  const leftMs = Date.parse(expiresAt) - Date.parse(now);
  return Math.max(1, Math.ceil(leftMs / 1_000) + ATTEMPT_GRACE_SECONDS);
}
