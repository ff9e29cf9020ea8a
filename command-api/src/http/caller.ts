import { parseUserId, type Scope, type UserId } from '@zameni/contracts';
import {
  AppError,
  type Caller,
  clientKeyOf,
  type Digests,
  guesserKeyOf,
  limitRequest,
  type RateLimits,
  requireScope,
  SPANS,
  toActorId,
  type TokenVerifier,
  traceIdOf,
  withSpan,
} from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UntracedCause } from '../commit/publish.ts';

/** The limits of the command API, one for each client. */
export type CommandLimits = RateLimits<'client'>;

/** Dependencies of identifying a caller. */
export type CallerDeps = {
  readonly tokens: TokenVerifier;
  readonly digests: Digests;
  readonly limits: CommandLimits;
};

/** The caller of a request, undefined without a token, and the cause of its commands. */
export type Called = { readonly caller: Caller | undefined; readonly cause: UntracedCause };

/**
 * Validates a request: who sends it, whether its client may send more, and with `parse` what no
 * schema expresses. All of it is in one span.
 */
export function validate<Valid>(
  deps: CallerDeps,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  parse: (called: Called) => Valid,
): Promise<Valid> {
  return withSpan(SPANS.validate, {}, async () => parse(await toCalled(deps, request, reply)));
}

/**
 * Verifies the token of a request, counts the request against its client's limit, and returns the
 * cause of its commands. Throws `rate-limited` beyond the limit.
 */
async function toCalled(
  deps: CallerDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Called> {
  const { digests, limits } = deps;
  const caller = await toCaller(deps, request, reply);
  if (!limits.isOff('client')) {
    const key = clientKeyOf({ request, caller }, digests.clientOf);
    await limitRequest(reply, limits, [{ policy: 'client', key }]);
  }
  const actor =
    caller === undefined
      ? ({ type: 'anonymous', id: 'anonymous' } as const)
      : ({ type: 'caller', id: toActorId(digests, caller) } as const);
  const cause = {
    actor,
    causationId: traceIdOf(request),
    time: new Date().toISOString(),
  };
  return { caller, cause };
}

/**
 * Verifies the token of a request. An invalid token counts against the limit too, because guessing
 * must not be free. After too many guesses, further tokens are refused unchecked.
 */
async function toCaller(
  { tokens, digests, limits }: CallerDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller | undefined> {
  const key = () => guesserKeyOf(request, digests.clientOf);
  const count = () => limitRequest(reply, limits, [{ policy: 'client', key: key() }]);
  try {
    return await tokens.verify(request.headers.authorization, async () => {
      if (limits.isSpent('client', key())) await count();
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthorized') await count();
    throw error;
  }
}

/** Permission for an operation: callers with the scope and, if set, the person themselves. */
export type Permission = { readonly scope: Scope; readonly isSelfToo: boolean };

/** Checks a permission. Returns the id of the person. */
export function requirePermission(
  { scope, isSelfToo }: Permission,
  id: string,
  caller: Caller | undefined,
): UserId {
  const userId = parseUserId(id);
  requireScope(caller, scope, isSelfToo ? userId : undefined);
  if (userId === undefined) throw new AppError('not-found');
  return userId;
}
