import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { ConfigError } from '../process/config.ts';

/** Requests that one key may make in a window, and the length of the window in seconds. */
export type RateLimit = { readonly quota: number; readonly windowSeconds: number };

/** A limit, or `off`. It is explicit, so that a missing setting never disables a limit. */
export type RateLimitPolicy = RateLimit | 'off';

/**
 * A policy as text: requests/seconds, or `off`. Every number fits a structured header (RFC 9651).
 */
export const RateLimitText = Type.String({ pattern: '^(off|[1-9]\\d{0,8}/[1-9]\\d{0,4})$' });
export type RateLimitText = Static<typeof RateLimitText>;

/** The schema of an environment variable with a policy, for `loadConfig`. */
export function rateLimitVariable(what: string, preset: RateLimitText) {
  return Type.Intersect([RateLimitText], {
    default: preset,
    description: `${what}: requests/seconds, or off`,
    example: '600/60',
  });
}

const text = Compile(RateLimitText);

/** Parses a policy. Throws ConfigError for any other text. */
export function parsePolicy(policy: string): RateLimitPolicy {
  if (!text.Check(policy)) {
    throw new ConfigError([
      `${JSON.stringify(policy)} is not a limit: write requests/seconds (99999 s at most), for example 600/60, or off`,
    ]);
  }
  if (policy === 'off') return 'off';
  const [quota, windowSeconds] = policy.split('/');
  return { quota: Number(quota), windowSeconds: Number(windowSeconds) };
}
