import type {
  FieldCode,
  FieldError,
  UpdateUserCommand,
  VerifyEmailCommand,
} from '@zameni/contracts';
import { AppError } from '@zameni/runtime';
import { canonicalLocale } from './canonical-locale.ts';
import { type EmailAddress, parseEmailAddress } from '../domain/email-address.ts';
import {
  hasInvisibleCharacterInName,
  hasInvisibleCharacterInText,
  showsSomething,
} from '../domain/visible-text.ts';

/** The parts of a registration or change that people write themselves. */
export type WrittenParts = {
  readonly displayName?: string;
  readonly locale?: string;
  readonly profile?: Readonly<Record<string, string | number | boolean | null>>;
};

/** Checks the rules that no schema expresses, and brings the parts into their stored form. */
export function checkWrittenParts(parts: WrittenParts): {
  readonly errors: readonly FieldError[];
  readonly displayName: string | undefined;
  readonly locale: string | undefined;
} {
  const errors: FieldError[] = [];
  const displayName = parts.displayName?.trim();
  const nameFault = displayName === undefined ? undefined : findNameFault(displayName);
  if (nameFault !== undefined) errors.push({ pointer: '/displayName', code: nameFault });
  for (const [name, value] of Object.entries(parts.profile ?? {})) {
    // Postgres and other stores reject some of these characters, which would stop the projection.
    if (typeof value === 'string' && hasInvisibleCharacterInText(value)) {
      errors.push({ pointer: `/profile/${name}`, code: 'invisible-character' });
    }
  }
  const locale = parts.locale === undefined ? undefined : canonicalLocale(parts.locale);
  if (parts.locale !== undefined && locale === undefined) {
    errors.push({ pointer: '/locale', code: 'format' });
  }
  return { errors, displayName, locale };
}

function findNameFault(name: string): FieldCode | undefined {
  if (name === '') return 'too-short';
  if (hasInvisibleCharacterInName(name)) return 'invisible-character';
  return showsSomething(name) ? undefined : 'nothing-visible';
}

/** Checks a merge patch. Throws `invalid-request` with every fault. */
export function parseUpdate(patch: UpdateUserCommand): UpdateUserCommand {
  const { errors, displayName, locale } = checkWrittenParts(patch);
  if (errors.length > 0) throw new AppError('invalid-request', { errors });
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(locale === undefined ? {} : { locale }),
    ...(patch.profile === undefined ? {} : { profile: patch.profile }),
  };
}

/** Checks the fields beside the token of a link. Throws `invalid-request` with every fault. */
export function parseSaid(body: VerifyEmailCommand): VerifyEmailCommand {
  const { errors, displayName, locale } = checkWrittenParts(body);
  if (errors.length > 0) throw new AppError('invalid-request', { errors });
  return {
    ...body,
    ...(displayName === undefined ? {} : { displayName }),
    ...(locale === undefined ? {} : { locale }),
  };
}

/** Parses the address of a body. Throws `invalid-request` that names the field. */
export function requireAddress(text: string): EmailAddress {
  const parsed = parseEmailAddress(text);
  if ('address' in parsed) return parsed.address;
  throw new AppError('invalid-request', { errors: [{ pointer: '/email', code: parsed.fault }] });
}
