import {
  clientKeyOf,
  limitRequest,
  noteCaller,
  type RateLimits,
  type TokenVerifier,
  verifyCounted,
} from '@zameni/runtime';
import type { FastifyInstance } from 'fastify';

/** The limits of reads: one for each network without a token, one for each caller with one. */
export type ReadLimits = RateLimits<'network-reads' | 'caller-reads'>;

/** What limiting reads needs. */
export type ReadLimitsDeps = {
  readonly tokens: TokenVerifier;
  readonly limits: ReadLimits;
  /** A keyed digest of a client. */
  readonly clientDigest: (client: string) => string;
};

/**
 * Counts every request for a path of the API, also for one without a route, before anything else of
 * it is looked at, and sets the `RateLimit` headers. Throws `rate-limited` beyond the limit. A bad token
 * is `unauthorized` and counts for its network. The caller is kept for the route. Pages and documents
 * are not counted.
 */
export function limitReads(app: FastifyInstance, deps: ReadLimitsDeps): void {
  const { tokens, limits, clientDigest: digest } = deps;
  app.addHook('onRequest', async (request, reply) => {
    const { url: path = request.url } = request.routeOptions;
    if (!path.startsWith('/v1')) return;
    const counted = { tokens, limits, policy: 'network-reads', digest } as const;
    const caller = await verifyCounted(counted, request, reply);
    noteCaller(request, caller);
    const policy = caller === undefined ? 'network-reads' : 'caller-reads';
    if (limits.isOff(policy)) return;
    const key = clientKeyOf({ request, caller }, digest);
    await limitRequest(reply, limits, [{ policy, key }]);
  });
}
