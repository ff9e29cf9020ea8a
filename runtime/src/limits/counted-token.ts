import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller, TokenVerifier } from '../auth/tokens.ts';
import { AppError } from '../errors.ts';
import { guesserKeyOf } from './client-key.ts';
import { limitRequest } from './headers.ts';
import type { RateLimits } from './rate-limits.ts';

/** What counting bad tokens needs. */
export type CountedTokenDeps<Name extends string> = {
  readonly tokens: TokenVerifier;
  readonly limits: RateLimits<Name>;
  /** The policy that bad tokens count under. */
  readonly policy: NoInfer<Name>;
  /** A keyed digest. */
  readonly digest: (client: string) => string;
};

/**
 * Verifies the token of a request. An invalid token counts against the limit too, because guessing
 * must not be free. After too many guesses, further tokens are refused unchecked.
 */
export async function verifyCounted<Name extends string>(
  { tokens, limits, policy, digest }: CountedTokenDeps<Name>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller | undefined> {
  const key = () => guesserKeyOf(request, digest);
  const count = () => limitRequest(reply, limits, [{ policy, key: key() }]);
  try {
    return await tokens.verify(request.headers.authorization, async () => {
      if (limits.isSpent(policy, key())) await count();
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthorized') await count();
    throw error;
  }
}
