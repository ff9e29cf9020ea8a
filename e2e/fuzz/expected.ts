import { MAX_PUBLIC_BODY_BYTES } from '@zameni/contracts';
import type { FuzzCase } from './case.ts';

/** The answer that the contract requires. Empty if every answer of the operation is allowed. */
export type Expected = Pick<FuzzCase, 'expect' | 'code'>;

/** A registration that fits the schema, as far as its answer depends on it. */
export type Registration = {
  /** Whether the caller vouches, has another token, or sends none. */
  readonly caller: 'vouching' | 'known' | 'anonymous';
  readonly hasKey: boolean;
  /** Whether it says that the mailbox is proven, which only some callers may. */
  readonly saysVerified: boolean;
};

/** Public operations. Their limits are the same for every caller. */
const PUBLIC: readonly string[] = ['verifyEmail', 'previewVerification', 'resendVerification'];

/** The limits of public requests, and of requests without a token, are low. */
export function expectedForSize(
  operation: string,
  { headers, body }: Pick<FuzzCase, 'headers' | 'body'>,
  isVouched: boolean,
): Expected | undefined {
  if ((body?.length ?? 0) <= MAX_PUBLIC_BODY_BYTES) return undefined;
  const hasToken = headers.some(([name]) => name === 'Authorization');
  if (!hasToken || PUBLIC.includes(operation)) return { expect: [413], code: 'payload-too-large' };
  // The token is checked first: it may be invalid.
  return operation === 'registerPerson' && !isVouched ? { expect: [413, 401] } : undefined;
}

/** The answers that a registration may get. Keys repeat with another body, which is refused. */
export function expectedOfRegistration(registration: Registration): Expected {
  const { caller, hasKey, saysVerified } = registration;
  const reused = hasKey ? [422] : [];
  if (caller === 'vouching') return { expect: [201, 409, ...reused] };
  // Without a token short keys are refused too.
  const short = hasKey && caller === 'anonymous' ? [400] : [];
  if (!saysVerified) return { expect: [202, ...reused, ...short] };
  return short.length > 0 ? { expect: [422, 400] } : { expect: [422], code: 'invalid-request' };
}

/**
 * The same request, whose body may also be refused unread: token, scope and id are checked first.
 * An operation that is open to the public refuses bad tokens, and ids that nobody gave.
 */
export function orRefused(
  { statuses }: { readonly statuses: ReadonlySet<number> },
  request: FuzzCase,
): FuzzCase {
  const [first] = request.expect ?? [];
  if (first === undefined || !OF_BODIES.has(first) || request.code === 'bad-request')
    return request;
  const before = [401, 403, 404].filter((status) => status === 401 || statuses.has(status));
  return { ...request, expect: [...(request.expect ?? []), ...before] };
}

/** Statuses that say what is wrong with a body or a header. */
const OF_BODIES: ReadonlySet<number> = new Set([400, 413, 415, 422]);
