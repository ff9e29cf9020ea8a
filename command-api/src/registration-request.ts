import type { FieldError, RegisterCommand } from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import { type EmailAddress, parseEmailAddress } from './email-address.ts';
import { checkWrittenParts } from './user-request.ts';

/** A registration that keeps every rule. */
export type RegistrationRequest = {
  readonly address: EmailAddress;
  readonly displayName: string;
  readonly locale: string;
  readonly termsVersion: string;
  readonly profile: Record<string, string | number | boolean>;
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
  const { termsVersion, profile = {} } = body;
  return { address: email.address, displayName, locale, termsVersion, profile };
}

/**
 * A text that is equal for requests that mean the same, whatever the order of their fields. Whether
 * mail is wanted is a part of that: whoever asks again for mail must not be told that all was done.
 */
export function toCanonicalBody({ address, ...rest }: RegistrationRequest, mail?: 'none'): string {
  const profile = Object.entries(rest.profile).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { displayName, locale, termsVersion } = rest;
  const body = [address.typed, displayName, locale, termsVersion, profile];
  return JSON.stringify(mail === undefined ? body : [...body, mail]);
}
