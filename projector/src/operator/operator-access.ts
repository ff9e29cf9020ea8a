import {
  type Caller,
  limitRequest,
  type Logger,
  type RateLimits,
  requireScope,
  type TokenVerifier,
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

/** The part of a request that names the caller. */
type Asked = { readonly headers: { readonly authorization?: string | undefined } };

type Reply = Parameters<typeof limitRequest>[0];

/** Checks that a caller may read (`ops:read`). Throws `unauthorized` or `forbidden`. */
export async function allowRead(
  { tokens }: Pick<OperatorAccess, 'tokens'>,
  { headers }: Asked,
): Promise<void> {
  requireScope(await tokens.verify(headers.authorization), 'ops:read');
}

/**
 * Checks that a caller may change something (`ops:write`), and counts the change. Returns the
 * caller's id. Throws `unauthorized`, `forbidden` or `rate-limited`.
 */
export async function allowChange(
  { tokens, limits, actorOf }: Omit<OperatorAccess, 'logger'>,
  { headers }: Asked,
  reply: Reply,
): Promise<string> {
  const caller = await tokens.verify(headers.authorization);
  requireScope(caller, 'ops:write');
  // All changes count alike.
  await limitRequest(reply, limits, [{ policy: 'operator', key: 'all' }]);
  return actorOf(caller);
}
