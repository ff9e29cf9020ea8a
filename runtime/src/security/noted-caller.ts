import type { Scope } from '@zameni/contracts';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/tokens.ts';
import { Fault } from '../errors.ts';

/** What is known of who sent a request. */
export type NotedRequest = {
  /** Undefined without a token. */
  readonly caller: Caller | undefined;
  /** The scope by which the request acts on others. */
  readonly scope?: Scope;
};

const noted = new WeakMap<FastifyRequest, NotedRequest>();

/** Notes the verified caller of a request, for its route and for the security log. */
export function noteCaller(request: FastifyRequest, caller: Caller | undefined): void {
  noted.set(request, { caller });
}

/** Notes that the noted caller acts by a scope that is watched, whatever the outcome will be. */
export function noteScope(request: FastifyRequest, scope: Scope): void {
  const known = noted.get(request);
  if (known !== undefined) noted.set(request, { ...known, scope });
}

/** The verified caller of a request, undefined without a token. */
export function callerOf(request: FastifyRequest): Caller | undefined {
  const known = noted.get(request);
  if (known === undefined) throw new Fault('the caller of a request was not verified');
  return known.caller;
}

/** What was noted of a request. Undefined if its token was not verified. */
export function notedOf(request: FastifyRequest): NotedRequest | undefined {
  return noted.get(request);
}
