import {
  type Caller,
  Fault,
  limitRequest,
  type Logger,
  noteCaller,
  noteScope,
  type RateLimits,
  requireScope,
  type TokenVerifier,
  type traceIdOf,
} from '@zameni/runtime';

/** Changes that all operators together may request of one process. */
export const OPERATOR_LIMIT = { quota: 50, windowSeconds: 1 } as const;

/** What tells whether an operator may do something, who they are, and where changes are noted. */
export type OperatorAccess = {
  readonly tokens: TokenVerifier;
  readonly limits: RateLimits<'operator'>;
  /** The id of a caller in log lines and tables. */
  readonly actorOf: (caller: Caller) => string;
  readonly logger: Pick<Logger, 'warn'>;
};

/** A request of an operator, and its answer. */
export type OperatorRequest = Parameters<typeof traceIdOf>[0];
export type OperatorReply = Parameters<typeof limitRequest>[0];

/** A hook that lets a request pass or throws. */
type Admission = {
  readonly onRequest: (request: OperatorRequest, reply: OperatorReply) => Promise<void>;
};

/**
 * Lets callers pass who may read (`ops:read`), before parameters or body are looked at. Throws
 * `unauthorized` or `forbidden`.
 */
export function allowRead({ tokens }: Pick<OperatorAccess, 'tokens'>): Admission {
  return {
    onRequest: async (request) => {
      const caller = await tokens.verify(request.headers.authorization);
      noteCaller(request, caller);
      requireScope(caller, 'ops:read');
    },
  };
}

/** The ids of the callers of admitted changes. */
const actors = new WeakMap<OperatorRequest, string>();

/**
 * Lets callers pass who may change something (`ops:write`), and counts the change, before
 * parameters or body are looked at. Throws `unauthorized`, `forbidden` or `rate-limited`.
 */
export function allowChange({
  tokens,
  limits,
  actorOf,
}: Omit<OperatorAccess, 'logger'>): Admission {
  return {
    onRequest: async (request, reply) => {
      const caller = await tokens.verify(request.headers.authorization);
      noteCaller(request, caller);
      requireScope(caller, 'ops:write');
      // All changes count alike.
      await limitRequest(reply, limits, [{ policy: 'operator', key: 'all' }]);
      noteScope(request, 'ops:write');
      actors.set(request, actorOf(caller));
    },
  };
}

/** The id of the caller of a change, in the handler of a route with `allowChange`. */
export function actorIn(request: OperatorRequest): string {
  const actor = actors.get(request);
  if (actor === undefined) throw new Fault('a route does not admit its changes');
  return actor;
}
