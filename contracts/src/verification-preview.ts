import { type Static, Type } from 'typebox';
import { DisplayName, Locale, TermsVersion } from './commands.ts';
import { Timestamp } from './identifiers.ts';

/** A field that a prover must send beside the token. */
export const MUST_SUPPLY = ['holder', 'notMine'] as const;

/**
 * Answer of `POST /v1/email-verifications/preview`: what the token of a link is for, and what its
 * use would do now.
 */
export const VerificationPreview = Type.Object(
  {
    kind: Type.Enum(['registration', 'account', 'email-change', 'undo-change'], {
      description:
        '`registration`: an attempt becomes an account. `account`: the unproven address of an account is proven. `email-change`: an account gets the address. `undo-change`: a change away from the address is cancelled, or taken back',
    }),
    state: Type.Enum(['open', 'done', 'too-late', 'deactivated'], {
      description:
        '`open`: the link was not used yet. `done`: its use changes nothing any more. `too-late`: the time in which the link could take back the change is over. `deactivated`: the account is, so only `notMine` is accepted',
    }),
    holder: Type.Enum(['none', 'unproven', 'proven'], {
      description:
        'Whether another account holds the address. With `proven` the address is refused (409 `address-taken`); only `notMine` is accepted',
    }),
    mustSupply: Type.Array(Type.Enum([...MUST_SUPPLY]), {
      uniqueItems: true,
      description: 'Fields that the prover must send beside the token',
    }),
    email: Type.Optional(
      Type.String({
        description: 'The address that the link was sent to; absent if it is not theirs any more',
      }),
    ),
    displayName: Type.Optional(DisplayName),
    locale: Locale,
    termsVersion: Type.Optional(TermsVersion),
    requestedAt: Type.Optional(Timestamp),
    registeredAt: Type.Optional(Timestamp),
  },
  { additionalProperties: false, title: 'VerificationPreview' },
);
export type VerificationPreview = Static<typeof VerificationPreview>;
