import type { Scope } from '@zameni/contracts';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/tokens.ts';

/** What the security log has to know of a request. */
export type NotedRequest = {
  readonly caller: Caller;
  /** The scope by which the request acts on others. */
  readonly scope?: Scope;
};

const noted = new WeakMap<FastifyRequest, NotedRequest>();

/** Notes the verified caller of a request for the security log. Without a token it notes nothing. */
export function noteCaller(request: FastifyRequest, caller: Caller | undefined): void {
  if (caller !== undefined) noted.set(request, { caller });
}

/** Notes that the noted caller acts by a scope that is watched, whatever the outcome will be. */
export function noteScope(request: FastifyRequest, scope: Scope): void {
  const known = noted.get(request);
  if (known !== undefined) noted.set(request, { ...known, scope });
}

/** What was noted of a request. Undefined without a verified caller. */
export function notedOf(request: FastifyRequest): NotedRequest | undefined {
  return noted.get(request);
}
