import { type Static, Type } from 'typebox';

/** Longest address in octets: RFC 5321 section 4.5.3.1.3 less the angle brackets. */
export const MAX_ADDRESS_OCTETS = 254;

/** Largest request body in bytes that either API reads. */
export const MAX_BODY_BYTES = 16 * 1024;

/** Largest request body in bytes from the public, which has no scope for the operation. */
export const MAX_PUBLIC_BODY_BYTES = 4 * 1024;

/**
 * Free attributes of a person: up to 32 short names, each with a text, number or boolean. A number is
 * kept exactly or refused (RFC 7493 section 2.2).
 */
export const Profile = Type.Record(
  Type.String({ pattern: '^[a-z][A-Za-z0-9_]{0,31}$' }),
  Type.Union([Type.String({ maxLength: 512 }), Type.Number(), Type.Boolean()]),
  {
    title: 'Profile',
    maxProperties: 32,
    additionalProperties: false,
    description:
      'Free attributes, 32 at most. A number is kept exactly, as a double, or refused: send longer ones as text',
  },
);
export type Profile = Static<typeof Profile>;

/**
 * A name as people write it: 1 to 200 characters that show something, without control characters.
 * Invisible ones are accepted only where a script or an emoji needs them.
 */
export const DisplayName = Type.String({
  title: 'DisplayName',
  minLength: 1,
  maxLength: 200,
  description:
    'A name as people write it. It shows something; control characters are refused, and invisible ones where no script or emoji needs them',
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

/** The reason of an operator as a short machine-readable word. It never describes one person. */
export const ReasonCode = Type.String({
  title: 'ReasonCode',
  pattern: '^[a-z][a-z0-9-]{0,63}$',
  description: 'A word of your own catalogue, for example `requested` or `abuse`',
});

const LinkToken = Type.String({
  minLength: 1,
  maxLength: 1024,
  description: 'The token of the link',
});

const Email = Type.String({
  minLength: 1,
  maxLength: 2 * MAX_ADDRESS_OCTETS,
  description: `Address of at most ${MAX_ADDRESS_OCTETS} octets (UTF-8), internationalised or not. The part before the @ has 64 octets at most and is in the Unicode form NFKC`,
});

/** Body of `POST /v1/registrations`. White space around the address is trimmed. */
export const RegisterCommand = Type.Object(
  {
    email: Email,
    displayName: DisplayName,
    locale: Locale,
    termsVersion: TermsVersion,
    profile: Type.Optional(Profile),
    emailVerified: Type.Optional(
      Type.Boolean({
        description:
          'Whether the caller has proven the mailbox; accepted only with scope `registrations:write` or `users:import`',
      }),
    ),
  },
  { additionalProperties: false, title: 'RegisterCommand' },
);
export type RegisterCommand = Static<typeof RegisterCommand>;

/** Minimum random bits of a key where callers share one space of keys: those of a UUID. */
export const MIN_ANONYMOUS_KEY_BITS = 122;

/** An `Idempotency-Key`: 16 to 128 visible characters, a new one for each registration. */
export const IdempotencyKey = Type.String({
  title: 'IdempotencyKey',
  pattern: '^[\\x21-\\x7e]{16,128}$',
  description: `16 to 128 visible ASCII characters, a new key for each registration. Without a token, the key must have room for ${MIN_ANONYMOUS_KEY_BITS} random bits in the smallest usual alphabet that it is written in: a UUID, 37 digits, 31 of hex, 25 of base32, 24 of base36, 21 of base64url, else 19`,
});

/**
 * Body of `POST /v1/email-verifications`: the token of the link and the answers of the prover. The
 * token is sent in the body, never in a URL.
 */
export const VerifyEmailCommand = Type.Object(
  {
    token: LinkToken,
    displayName: Type.Optional(DisplayName),
    locale: Type.Optional(Locale),
    termsVersion: Type.Optional(TermsVersion),
    profile: Type.Optional(Profile),
    notMine: Type.Optional(
      Type.Boolean({
        description:
          'True: the account, attempt or address change that the token names is not mine. An attempt is deleted; an unproven account is deactivated and its address released; a pending change is cancelled.',
      }),
    ),
    holder: Type.Optional(
      Type.Enum(['confirm', 'not-mine'], {
        description:
          'What to do, after 409 `address-unproven`, with the unproven account that holds the address: `confirm` proves that account instead; `not-mine` releases its address and continues',
      }),
    ),
  },
  { additionalProperties: false, title: 'VerifyEmailCommand' },
);
export type VerifyEmailCommand = Static<typeof VerifyEmailCommand>;

/** Body of `POST /v1/email-verifications/preview`. */
export const PreviewVerificationCommand = Type.Object(
  { token: LinkToken },
  { additionalProperties: false, title: 'PreviewVerificationCommand' },
);
export type PreviewVerificationCommand = Static<typeof PreviewVerificationCommand>;

/** Body of `POST /v1/email-verifications/resend`. */
export const ResendVerificationCommand = Type.Object(
  { email: Email },
  { additionalProperties: false, title: 'ResendVerificationCommand' },
);
export type ResendVerificationCommand = Static<typeof ResendVerificationCommand>;

/** Body of `PATCH /v1/users/{id}`: a merge patch (RFC 7396). Null removes a name of the profile. */
export const UpdateUserCommand = Type.Object(
  {
    displayName: Type.Optional(DisplayName),
    locale: Type.Optional(Locale),
    profile: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[a-z][A-Za-z0-9_]{0,31}$' }),
        Type.Union([Type.String({ maxLength: 512 }), Type.Number(), Type.Boolean(), Type.Null()]),
        { maxProperties: 64, additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false, title: 'UpdateUserCommand' },
);
export type UpdateUserCommand = Static<typeof UpdateUserCommand>;

/** Body of `POST /v1/users/{id}/email-changes`. */
export const ChangeEmailCommand = Type.Object(
  { email: Email },
  { additionalProperties: false, title: 'ChangeEmailCommand' },
);
export type ChangeEmailCommand = Static<typeof ChangeEmailCommand>;

/** Body of `POST /v1/users/{id}/deactivations` and `…/reactivations`. */
export const ReasonCommand = Type.Object(
  { reasonCode: ReasonCode },
  { additionalProperties: false, title: 'ReasonCommand' },
);
export type ReasonCommand = Static<typeof ReasonCommand>;
