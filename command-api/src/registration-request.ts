import { type FieldError, IdempotencyKey, Locale, type RegisterCommand } from '@zameni/contracts';
import { AppError, createValidator } from '@zameni/runtime';
import { type EmailAddress, parseEmailAddress } from './email-address.ts';
import { hasInvisibleCharacterInName, hasInvisibleCharacterInText } from './visible-text.ts';

/** A registration that keeps every rule. */
export type RegistrationRequest = {
  readonly address: EmailAddress;
  readonly displayName: string;
  readonly locale: string;
  readonly termsVersion: string;
  readonly profile: Record<string, string | number | boolean>;
};

const validateIdempotencyKey = createValidator(IdempotencyKey);
const validateLocale = createValidator(Locale);

/** Checks the rules a schema cannot say; throws `invalid-request` that names every place. */
export function parseRegistration(body: RegisterCommand): RegistrationRequest {
  const errors: FieldError[] = [];
  const email = parseEmailAddress(body.email);
  if ('fault' in email) errors.push({ pointer: '/email', code: email.fault });
  const displayName = body.displayName.trim();
  if (displayName === '') errors.push({ pointer: '/displayName', code: 'too-short' });
  if (hasInvisibleCharacterInName(displayName)) {
    errors.push({ pointer: '/displayName', code: 'invisible-character' });
  }
  for (const [name, value] of Object.entries(body.profile ?? {})) {
    // Postgres and other stores cannot hold some of them, so one person would stop the projection.
    if (typeof value === 'string' && hasInvisibleCharacterInText(value)) {
      errors.push({ pointer: `/profile/${name}`, code: 'invisible-character' });
    }
  }
  const locale = canonicalLocale(body.locale);
  if (locale === undefined) errors.push({ pointer: '/locale', code: 'format' });
  if ('fault' in email || locale === undefined || errors.length > 0) {
    throw new AppError('invalid-request', { errors });
  }
  const { termsVersion, profile = {} } = body;
  return { address: email.address, displayName, locale, termsVersion, profile };
}

/** Reads the `Idempotency-Key` header; throws `malformed-header` when it breaks the rule. */
export function parseIdempotencyKey(
  header: string | readonly string[] | undefined,
): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || validateIdempotencyKey(header) !== undefined) {
    throw new AppError('malformed-header', {
      detail: 'Idempotency-Key takes 16 to 128 visible ASCII characters',
    });
  }
  return header;
}

/** A text that is equal for requests that mean the same, whatever the order of their fields. */
export function toCanonicalBody({ address, ...rest }: RegistrationRequest): string {
  const profile = Object.entries(rest.profile).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([address.typed, rest.displayName, rest.locale, rest.termsVersion, profile]);
}

/** Tags seen so far: people share few, and Intl takes 10 µs for each. */
const knownLocales = new Map<string, string>();
const MAX_KNOWN_LOCALES = 1_000;

function canonicalLocale(tag: string): string | undefined {
  const known = knownLocales.get(tag);
  if (known !== undefined) return known;
  try {
    const [canonical] = Intl.getCanonicalLocales(tag);
    // An old tag can become longer than it was.
    if (canonical === undefined || validateLocale(canonical) !== undefined) return undefined;
    if (knownLocales.size < MAX_KNOWN_LOCALES) {
      knownLocales.set(tag, canonical);
    }
    return canonical;
  } catch {
    // Thrown for a tag that BCP 47 does not allow; the caller names the field.
    return undefined;
  }
}
