import { MAX_PUBLIC_BODY_BYTES } from '@zameni/contracts';
import type { FuzzCase } from './case.ts';

/** What the contract asks for in answer to a request; empty when any of the operation's will do. */
export type Expected = Pick<FuzzCase, 'expect' | 'code'>;

/** A registration that keeps every rule of the schema, as far as its answer depends on it. */
export type Registration = {
  /** Whether the caller vouches, is known otherwise, or sends no token. */
  readonly caller: 'vouching' | 'known' | 'anonymous';
  readonly hasKey: boolean;
  /** Whether it says if the mailbox is proven, which is not taken from everybody. */
  readonly saysVerified: boolean;
};

/** Operations of the public, which takes no more than it from anybody. */
const PUBLIC: readonly string[] = ['verifyEmail', 'resendVerification'];

/** Little is read of a public request, and of any without a token. */
export function expectedForSize(
  operation: string,
  { headers, body }: Pick<FuzzCase, 'headers' | 'body'>,
  isVouched: boolean,
): Expected | undefined {
  if ((body?.length ?? 0) <= MAX_PUBLIC_BODY_BYTES) return undefined;
  const hasToken = headers.some(([name]) => name === 'Authorization');
  if (!hasToken || PUBLIC.includes(operation)) return { expect: [413], code: 'payload-too-large' };
  // Who asks is known first: the token may be no good.
  return operation === 'registerPerson' && !isVouched ? { expect: [413, 401] } : undefined;
}

/** What may come of a registration. Drawn keys meet again with another body, which is refused. */
export function expectedOfRegistration(registration: Registration): Expected {
  const { caller, hasKey, saysVerified } = registration;
  const reused = hasKey ? [422] : [];
  if (caller === 'vouching') return { expect: [201, 409, ...reused] };
  // Without a token short keys are refused too.
  const short = hasKey && caller === 'anonymous' ? [400] : [];
  if (!saysVerified) return { expect: [202, ...reused, ...short] };
  return short.length > 0 ? { expect: [422, 400] } : { expect: [422], code: 'invalid-request' };
}
