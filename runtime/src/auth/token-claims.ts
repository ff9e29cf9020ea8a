import type { JWTPayload } from 'jose';

/**
 * Seconds by which the clocks of issuer and services may differ. RFC 7519 section 4.1.4 allows "no
 * more than a few minutes"; synchronised hosts are within a second.
 */
export const CLOCK_SKEW_SECONDS = 30;

/**
 * Whether the times of a token bound its life: it ends at most `maxLifetimeSeconds` after it was
 * issued, and at most as long from now. `iat` itself is not compared with the clock: a slow clock
 * would refuse new tokens.
 */
export function isLifetimeBounded(
  { iat, exp }: Pick<JWTPayload, 'iat' | 'exp'>,
  { nowMs, maxLifetimeSeconds }: { readonly nowMs: number; readonly maxLifetimeSeconds: number },
): boolean {
  if (iat === undefined || exp === undefined) return false;
  const latest = nowMs / 1_000 + maxLifetimeSeconds + CLOCK_SKEW_SECONDS;
  return exp > iat && exp - iat <= maxLifetimeSeconds && exp <= latest;
}

/**
 * The scopes of a token: `scope` as RFC 9068 has it, or a list, and `scp`, in which some issuers
 * write them. A text holds names separated by spaces, an entry of a list one name. Undefined for a
 * claim of another form.
 */
export function parseScopes(payload: JWTPayload): ReadonlySet<string> | undefined {
  const scopes = new Set<string>();
  for (const claim of [payload['scope'], payload['scp']]) {
    const names = typeof claim === 'string' ? claim.split(' ') : (claim ?? []);
    if (!Array.isArray(names)) return undefined;
    for (const name of names) {
      if (typeof name !== 'string') return undefined;
      if (name !== '') scopes.add(name);
    }
  }
  return scopes;
}
