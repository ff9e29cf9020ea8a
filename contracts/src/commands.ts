import { type Static, Type } from 'typebox';

/** Longest address in characters: RFC 5321 section 4.5.3.1.3 less the angle brackets. */
export const MAX_ADDRESS_LENGTH = 254;

/** Largest request body in bytes that either API reads. */
export const MAX_BODY_BYTES = 16 * 1024;

/** Free attributes of a person: up to 32 short names with a text, a number or a truth value. */
export const Profile = Type.Record(
  Type.String({ pattern: '^[a-z][A-Za-z0-9_]{0,31}$' }),
  Type.Union([Type.String({ maxLength: 512 }), Type.Number(), Type.Boolean()]),
  {
    title: 'Profile',
    maxProperties: 32,
    additionalProperties: false,
    description: 'Free attributes, 32 at most',
  },
);
export type Profile = Static<typeof Profile>;

/** A name as people write it, 1 to 200 characters, no control or invisible characters. */
export const DisplayName = Type.String({
  title: 'DisplayName',
  minLength: 1,
  maxLength: 200,
  description: 'A name as people write it; control and invisible characters are refused',
});

/** A language tag of BCP 47, for example `sr-Cyrl-RS`. */
export const Locale = Type.String({
  title: 'Locale',
  maxLength: 35,
  pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$',
  description: 'Language tag (BCP 47)',
});

/** The version of the terms that the person accepted. */
export const TermsVersion = Type.String({
  title: 'TermsVersion',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$',
  description: 'The version of the terms that the person accepted',
});

/** Body of `POST /v1/registrations`. The address may carry white space around it; it is trimmed. */
export const RegisterCommand = Type.Object(
  {
    email: Type.String({
      minLength: 1,
      maxLength: 2 * MAX_ADDRESS_LENGTH,
      description: `Address of at most ${MAX_ADDRESS_LENGTH} characters, internationalised or not`,
    }),
    displayName: DisplayName,
    locale: Locale,
    termsVersion: TermsVersion,
    profile: Type.Optional(Profile),
  },
  { additionalProperties: false, title: 'RegisterCommand' },
);
export type RegisterCommand = Static<typeof RegisterCommand>;

/** An `Idempotency-Key`: 16 to 128 visible characters, one for each registration meant. */
export const IdempotencyKey = Type.String({
  title: 'IdempotencyKey',
  pattern: '^[\\x21-\\x7e]{16,128}$',
  description: '16 to 128 visible ASCII characters, one for each registration meant',
});
