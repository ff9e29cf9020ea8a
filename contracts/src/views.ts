import { type Static, Type } from 'typebox';
import { DisplayName, Locale, Profile, TermsVersion } from './commands.ts';
import { Instant, Uuid } from './identifiers.ts';

/** Answer of `POST /v1/registrations` to the public: accepted, and nothing about the address. */
export const RegistrationAccepted = Type.Object(
  { registrationId: Uuid },
  { additionalProperties: false, title: 'RegistrationAccepted' },
);
export type RegistrationAccepted = Static<typeof RegistrationAccepted>;

/** Answer of `POST /v1/registrations` to callers with scope `registrations:write`. */
export const RegistrationCreated = Type.Object(
  { userId: Uuid },
  { additionalProperties: false, title: 'RegistrationCreated' },
);
export type RegistrationCreated = Static<typeof RegistrationCreated>;

/** Why a registration did not make a new person. */
export const RefusalReason = Type.Enum(['address-taken'], { title: 'RefusalReason' });
export type RefusalReason = Static<typeof RefusalReason>;

/** How a registration ended; shown only to callers with scope `registrations:write`. */
export const RegistrationOutcome = Type.Union(
  [
    Type.Object(
      { result: Type.Literal('registered'), userId: Uuid },
      { additionalProperties: false },
    ),
    Type.Object(
      { result: Type.Literal('refused'), reason: RefusalReason },
      { additionalProperties: false },
    ),
  ],
  { title: 'RegistrationOutcome' },
);
export type RegistrationOutcome = Static<typeof RegistrationOutcome>;

/** Answer of `GET /v1/registrations/{id}`: `accepted` is in the log, `processed` is readable. */
export const RegistrationView = Type.Object(
  {
    registrationId: Uuid,
    status: Type.Enum(['accepted', 'processed']),
    outcome: Type.Optional(RegistrationOutcome),
  },
  { additionalProperties: false, title: 'RegistrationView' },
);
export type RegistrationView = Static<typeof RegistrationView>;

/** Answer of `GET /v1/users/{id}`; `version` counts the events of this person. */
export const UserView = Type.Object(
  {
    userId: Uuid,
    email: Type.String(),
    emailVerified: Type.Boolean(),
    displayName: DisplayName,
    locale: Locale,
    termsVersion: TermsVersion,
    profile: Profile,
    status: Type.Enum(['active']),
    registeredAt: Instant,
    version: Type.Integer({ minimum: 1 }),
  },
  { additionalProperties: false, title: 'UserView' },
);
export type UserView = Static<typeof UserView>;

/**
 * A person's view as JSON text, the same bytes whatever store it comes from: an event keeps the order
 * of the profile's names, Postgres does not, and one strong `ETag` stands for one text.
 */
export function encodeUserView(view: UserView): string {
  const names = Object.entries(view.profile).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ ...view, profile: Object.fromEntries(names) });
}
