import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { ConfigError } from '../process/config.ts';

/** How many requests one key may make in a window, and how long the window is. */
export type RateLimit = { readonly quota: number; readonly windowSeconds: number };

/** A limit, or `off`: said aloud, so that a missing setting can never open a door. */
export type RateLimitPolicy = RateLimit | 'off';

/** A policy as text: requests per seconds, or `off`; the bounds keep every number a header may hold. */
export const RateLimitText = Type.String({ pattern: '^(off|[1-9]\\d{0,8}/[1-9]\\d{0,4})$' });
export type RateLimitText = Static<typeof RateLimitText>;

/** The schema of a variable that holds a policy, for `loadConfig`. */
export function rateLimitVariable(what: string, preset: RateLimitText) {
  return Type.Intersect([RateLimitText], {
    default: preset,
    description: `${what}: requests/seconds, or off`,
    example: '600/60',
  });
}

const text = Compile(RateLimitText);

/** Reads a policy; throws ConfigError for a text that is none. */
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
