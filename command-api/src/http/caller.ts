import { parseUserId, type Scope, type UserId } from '@zameni/contracts';
import {
  AppError,
  type Caller,
  clientKeyOf,
  currentTraceparent,
  type Digests,
  guesserKeyOf,
  limitRequest,
  type RateLimits,
  requireScope,
  type TokenVerifier,
  traceIdOf,
} from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Cause } from '../commit/event-messages.ts';

/** The limits of the command API: each client's. */
export type CommandLimits = RateLimits<'client'>;

/** What knowing a caller needs. */
export type CallerDeps = {
  readonly tokens: TokenVerifier;
  readonly digests: Digests;
  readonly limits: CommandLimits;
};

/** The caller of a request, undefined without a token, and what its commands are caused by. */
export type Called = { readonly caller: Caller | undefined; readonly cause: Cause };

/**
 * Verifies the token of a request, counts it against its client's limit, and says who causes what it
 * asks for, and when. Throws `rate-limited` beyond the limit.
 */
export async function toCalled(
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
    traceparent: currentTraceparent(),
  };
  return { caller, cause };
}

/**
 * Verifies the token of a request. One that does not hold is counted too, or guessing would be free;
 * who has guessed too often is refused before another of their tokens is checked.
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

/** Who may do something to a person: callers with the scope, and where it says so the person. */
export type Permission = { readonly scope: Scope; readonly isSelfToo: boolean };

/** Lets those with the permission pass; answers the id of the person. */
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

/**
 * The id an event keeps of a caller for ever: a subject that is a user id as it is, because every
 * issuer means the same person by it; any other as a keyed digest, because an issuer may use addresses
 * or names, and two of them may mean different callers by the same one.
 */
function toActorId(digests: Digests, { subject, issuer }: Caller): string {
  // A subject is one line.
  return parseUserId(subject) ?? digests.actorOf(`${subject}\n${issuer}`);
}
