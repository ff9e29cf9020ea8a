import type { FieldError, RegisterCommand, UserId } from '@zameni/contracts';
import { AppError, type Digests, drawBytes } from '@zameni/runtime';
import { type EmailAddress, parseEmailAddress } from '../domain/email-address.ts';
import { checkWrittenParts } from './user-request.ts';

/** A registration that is valid by every rule. */
export type RegistrationRequest = {
  readonly address: EmailAddress;
  readonly displayName: string;
  readonly locale: string;
  readonly termsVersion: string;
  readonly profile: Record<string, string | number | boolean>;
  /** Only from a caller who vouches for the mailbox. */
  readonly emailVerified?: boolean;
};

/** Checks the rules that no schema expresses. Throws `invalid-request` with every fault. */
export function parseRegistration(body: RegisterCommand): RegistrationRequest {
  const errors: FieldError[] = [];
  const email = parseEmailAddress(body.email);
  if ('fault' in email) errors.push({ pointer: '/email', code: email.fault });
  const { displayName, locale, ...written } = checkWrittenParts(body);
  errors.push(...written.errors);
  if ('fault' in email || locale === undefined || displayName === undefined || errors.length > 0) {
    throw new AppError('invalid-request', { errors });
  }
  const { termsVersion, profile = {}, emailVerified } = body;
  const request = { address: email.address, displayName, locale, termsVersion, profile };
  return emailVerified === undefined ? request : { ...request, emailVerified };
}

/** As long as the digest of a body. */
const FINGERPRINT_BYTES = 32;

/** Input of the fingerprint of a registration. */
export type Fingerprinted = {
  readonly userId: UserId;
  readonly isRetryable: boolean;
  readonly request: RegistrationRequest;
  /** Other parts that distinguish requests, such as whether mail is wanted. */
  readonly about: readonly unknown[];
};

/**
 * Returns a keyed digest that is equal for requests with the same meaning, in any order of their
 * fields. A registration without an idempotency key cannot be retried, so its digest is random.
 */
export function fingerprintOf(
  digests: Pick<Digests, 'fingerprintOf'>,
  { userId, isRetryable, request, about }: Fingerprinted,
): string {
  if (!isRetryable) return drawBytes(FINGERPRINT_BYTES).toString('base64url');
  const { address, displayName, locale, termsVersion } = request;
  const profile = Object.entries(request.profile).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const body = [address.typed, displayName, locale, termsVersion, profile, ...about];
  return digests.fingerprintOf(userId, JSON.stringify(body));
}
