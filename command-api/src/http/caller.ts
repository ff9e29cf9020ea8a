import { parseUserId, type Scope, type UserId } from '@zameni/contracts';
import {
  AppError,
  type Caller,
  clientKeyOf,
  type Digests,
  Fault,
  limitRequest,
  noteCaller,
  noteScope,
  type RateLimits,
  requireScope,
  SPANS,
  toActorId,
  type TokenVerifier,
  traceIdOf,
  verifyCounted,
  withSpan,
} from '@zameni/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UntracedCause } from '../commit/publish.ts';

/** A limit of the command API: of all commands of a client, or of what takes accounts away. */
export type CommandLimit = 'client' | 'destructive';

/** The limits of the command API, each for one client. */
export type CommandLimits = RateLimits<CommandLimit>;

/** Dependencies of identifying a caller. */
export type CallerDeps = {
  readonly tokens: TokenVerifier;
  readonly digests: Digests;
  readonly limits: CommandLimits;
};

/** The caller of a request, undefined without a token, and the cause of its commands. */
export type Called = { readonly caller: Caller | undefined; readonly cause: UntracedCause };

/** Who sent each request that was admitted. */
const calls = new WeakMap<FastifyRequest, Called>();

/** A hook that lets a request pass or throws. */
type Admission = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * The `onRequest` hook of a route: verifies the token, counts the request against its client's
 * limits, and asks `permit`. All of it is before the body is read, so that a refused request is
 * cheap, a counted one is paid for, and what a body says tells a stranger nothing. Throws
 * `unauthorized`, `rate-limited`, or what `permit` throws.
 */
export function admit(
  deps: CallerDeps,
  permit: (caller: Caller | undefined, request: FastifyRequest) => unknown = () => undefined,
  policies: readonly CommandLimit[] = ['client'],
): Admission {
  return (request, reply) =>
    withSpan(SPANS.validate, {}, async () => {
      const called = await toCalled(deps, { request, reply, policies });
      permit(called.caller, request);
      calls.set(request, called);
    });
}

/** Who sent a request, in the handler of a route with `admit`. */
export function calledOf(request: FastifyRequest): Called {
  const called = calls.get(request);
  if (called === undefined) throw new Fault('a route does not admit its requests');
  return called;
}

type Arrived = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly policies: readonly CommandLimit[];
};

async function toCalled(deps: CallerDeps, { request, reply, policies }: Arrived): Promise<Called> {
  const { digests, limits } = deps;
  const counted = { ...deps, policy: 'client', digest: digests.clientOf } as const;
  const caller = await verifyCounted(counted, request, reply);
  noteCaller(request, caller);
  const counting = policies.filter((policy) => !limits.isOff(policy));
  if (counting.length > 0) {
    const key = clientKeyOf({ request, caller }, digests.clientOf);
    const takes = counting.map((policy) => ({ policy, key }));
    await limitRequest(reply, limits, takes);
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

/** Permission for an operation: callers with the scope and, if set, the person themselves. */
export type Permission = { readonly scope: Scope; readonly isSelfToo: boolean };

/** Throws `unauthorized` or `forbidden` unless the caller has the permission for the `{id}`. */
export function requirePermission(
  { scope, isSelfToo }: Permission,
  request: FastifyRequest,
  caller: Caller | undefined,
): void {
  requireScope(caller, scope, isSelfToo ? parseUserId(idIn(request)) : undefined);
  if (caller.scopes.has(scope)) noteScope(request, scope);
}

/** The person whom the `{id}` of a path names. Throws `not-found` if it is no user id. */
export function userIdIn(request: FastifyRequest): UserId {
  const userId = parseUserId(idIn(request));
  if (userId === undefined) throw new AppError('not-found');
  return userId;
}

function idIn({ params }: FastifyRequest): string {
  const isNamed = typeof params === 'object' && params !== null && 'id' in params;
  return isNamed && typeof params.id === 'string' ? params.id : '';
}
