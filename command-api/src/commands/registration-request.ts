import type { FieldError, RegisterCommand, UserId } from '@zameni/contracts';
import { AppError, type Digests, drawBytes } from '@zameni/runtime';
import { type EmailAddress, parseEmailAddress } from '../domain/email-address.ts';
import { checkWrittenParts } from './user-request.ts';

/** A registration that keeps every rule. */
export type RegistrationRequest = {
  readonly address: EmailAddress;
  readonly displayName: string;
  readonly locale: string;
  readonly termsVersion: string;
  readonly profile: Record<string, string | number | boolean>;
  /** Only of a caller who vouches for the mailbox. */
  readonly emailVerified?: boolean;
};

/** Checks the rules a schema cannot say; throws `invalid-request` that names every place. */
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

/** As many as of the digest of a body. */
const FINGERPRINT_BYTES = 32;

/** What the fingerprint of a registration is made of. */
export type Fingerprinted = {
  readonly userId: UserId;
  readonly isRetryable: boolean;
  readonly request: RegistrationRequest;
  /** Whatever else makes a request another one, such as whether mail is wanted. */
  readonly about: readonly unknown[];
};

/**
 * A keyed digest that is equal for requests that mean the same, whatever the order of their fields.
 * Without an idempotency key nobody can ask again, so there is no body to compare with.
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
