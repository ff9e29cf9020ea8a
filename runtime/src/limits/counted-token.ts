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

/** Seconds after which a token that was refused unchecked may be sent again. */
const UNCHECKED_RETRY_SECONDS = 1;

/**
 * Verifies the token of a request. An invalid token counts against the limit too, because guessing
 * must not be free. After too many guesses an invalid token is `rate-limited`; a valid one passes,
 * so that nobody is shut out by a stranger of the same address. Only what is more than a process
 * looks at in a second is refused unchecked, and may come again at once.
 */
export async function verifyCounted<Name extends string>(
  { tokens, limits, policy, digest }: CountedTokenDeps<Name>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller | undefined> {
  const key = () => guesserKeyOf(request, digest);
  try {
    return await tokens.verify(request.headers.authorization, () => {
      if (limits.mayLook(policy, key())) return;
      throw new AppError('rate-limited', { retryAfterSeconds: UNCHECKED_RETRY_SECONDS });
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthorized') {
      await limitRequest(reply, limits, [{ policy, key: key() }]);
    }
    throw error;
  }
}
