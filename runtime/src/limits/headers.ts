import type { FastifyReply } from 'fastify';
import { AppError } from '../errors.ts';
import type { RateLimitState, RateLimits } from './rate-limits.ts';

/** A policy that counts a request, and the key it counts under. */
export type Take<Name extends string> = {
  readonly policy: Name;
  /** A keyed digest of the counted client or address. */
  readonly key: string;
};

/** A state with the name of its policy. */
export type NamedState = RateLimitState & { readonly policy: string };

/**
 * The headers `RateLimit-Policy` and `RateLimit` as lists of structured fields (RFC 9651), as in
 * draft-ietf-httpapi-ratelimit-headers-10.
 */
export function rateLimitHeaders(states: readonly NamedState[]): Record<string, string> {
  if (states.length === 0) return {};
  const list = (toItem: (state: NamedState) => string) => states.map(toItem).join(', ');
  return {
    'RateLimit-Policy': list((s) => `"${s.policy}";q=${s.quota};w=${s.windowSeconds}`),
    RateLimit: list((s) => `"${s.policy}";r=${s.remaining};t=${s.resetSeconds}`),
  };
}

/**
 * Counts a request under each policy in the order given, and sets the headers. The first policy
 * that refuses ends the counting and throws `rate-limited`.
 */
export async function limitRequest<Name extends string>(
  reply: FastifyReply,
  limits: RateLimits<Name>,
  takes: readonly Take<NoInfer<Name>>[],
): Promise<void> {
  const shown: NamedState[] = [];
  let refusal: RateLimitState | undefined;
  for (const { policy, key } of takes) {
    const state = await limits.take(policy, key);
    if (state === undefined) continue;
    shown.push({ ...state, policy });
    if (!state.isAllowed) {
      refusal = state;
      break;
    }
  }
  reply.headers(rateLimitHeaders(shown));
  if (refusal !== undefined) {
    throw new AppError('rate-limited', { retryAfterSeconds: refusal.resetSeconds });
  }
}
