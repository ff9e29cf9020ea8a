/** Seconds that a record of an attempt outlives its instant: its expiry only cleans up. */
const ATTEMPT_GRACE_SECONDS = 60 * 60;

/** Seconds from an instant until the log drops a record of an attempt that expires at another one. */
export function attemptTtlSeconds(now: string, expiresAt: string): number {
  const leftMs = Date.parse(expiresAt) - Date.parse(now);
  return Math.max(1, Math.ceil(leftMs / 1_000) + ATTEMPT_GRACE_SECONDS);
}
