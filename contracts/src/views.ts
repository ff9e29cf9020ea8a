import { type Static, Type } from 'typebox';
import { DisplayName, Locale, Profile, TermsVersion } from './commands.ts';
import { Timestamp, Uuid } from './identifiers.ts';
import { ReadModelsVersion } from './read-models.ts';

/** Answer of `POST /v1/registrations` to the public. It reveals nothing about the address. */
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

/** Only in views of parked accounts and attempts. Any other view has no such field. */
const parked = Type.Optional(
  Type.Literal(true, {
    description:
      'Records that cannot be applied yet are parked: the answer shows what was before them',
  }),
);

/**
 * Answer of `GET /v1/registrations/{id}`. `accepted`: in the log. `awaiting-proof`: an attempt
 * whose mailbox is not proven yet. `registered`: the account exists.
 */
export const RegistrationView = Type.Object(
  {
    registrationId: Uuid,
    status: Type.Enum(['accepted', 'awaiting-proof', 'registered']),
    parked,
  },
  { additionalProperties: false, title: 'RegistrationView' },
);
export type RegistrationView = Static<typeof RegistrationView>;

/** Answer to a command on a person: it is in the log, at the position in `Position`. */
export const CommandAccepted = Type.Object(
  { userId: Uuid },
  { additionalProperties: false, title: 'CommandAccepted' },
);
export type CommandAccepted = Static<typeof CommandAccepted>;

/** Answer that does not depend on the state of an address or a token. */
export const RequestAccepted = Type.Object(
  { status: Type.Literal('accepted') },
  { additionalProperties: false, title: 'RequestAccepted' },
);
export type RequestAccepted = Static<typeof RequestAccepted>;

/**
 * The stores from which a person is erased, each with its own progress. `read-model`: the
 * live version has passed the erasure, which reached every version at once. `log-servers`: servers that were away
 * when the person's key and claims were deleted from the log, and may keep the bytes.
 */
export const ERASURE_STORES = [
  'read-model',
  'replica',
  'cache',
  'key',
  'claims',
  'log-servers',
] as const;

/** Answer of `GET /v1/users/{id}/erasure`: its progress. It is done when every store is done. */
export const ErasureView = Type.Object(
  {
    userId: Uuid,
    status: Type.Enum(['under-way', 'done']),
    requestedAt: Timestamp,
    stores: Type.Array(
      Type.Object(
        {
          store: Type.Enum([...ERASURE_STORES]),
          erasedAt: Type.Union([Timestamp, Type.Null()]),
          away: Type.Optional(
            Type.Array(Type.String(), {
              description: 'Servers of the store that are or were away and are not done yet',
            }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false, title: 'ErasureView' },
);
export type ErasureView = Static<typeof ErasureView>;

/**
 * Answer of `GET /v1/projections`. It names no subject. Positions are numbers, for operators who
 * compare them with logs.
 */
export const ProjectionsView = Type.Object(
  {
    head: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'Position of the last record of the log; null while the log cannot be reached',
    }),
    projections: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          version: Type.Integer({ minimum: 1 }),
          state: ReadModelsVersion.properties.state,
          position: Type.Integer({
            minimum: 0,
            description: 'Position of the last record that was applied or parked (the checkpoint)',
          }),
          lag: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
            description:
              'Records of any kind between `position` and `head`; null without a head, or if it is lower: the log is another one',
          }),
          lagSeconds: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
            description:
              'Seconds for which the log is known to be past `position`, 0 without a lag; null without a head. The real time may be longer: the process that answers counts from its own start, and measures with an error of a sixteenth and a second',
          }),
          parked: Type.Integer({
            minimum: 0,
            description: 'Accounts, attempts and other subjects with records that wait',
          }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false, title: 'ProjectionsView' },
);
export type ProjectionsView = Static<typeof ProjectionsView>;

/** Answer of `GET /v1/users/{id}`. `version` counts the events of the person. */
export const UserView = Type.Object(
  {
    userId: Uuid,
    email: Type.String(),
    emailVerified: Type.Boolean(),
    displayName: DisplayName,
    locale: Locale,
    termsVersion: TermsVersion,
    profile: Profile,
    status: Type.Enum(['active', 'deactivated']),
    registeredAt: Timestamp,
    version: Type.Integer({ minimum: 1 }),
    parked,
  },
  { additionalProperties: false, title: 'UserView' },
);
export type UserView = Static<typeof UserView>;

/**
 * Encodes a person's view as JSON: its members in the order of the schema, the names of the profile
 * sorted. The bytes must be the same from every store, because a strong `ETag` stands for one text.
 * An event keeps the order of names, Postgres does not, and a row has its members in another order
 * where it is written than where it is read.
 */
export function encodeUserView(view: UserView): string {
  const names = Object.entries(view.profile).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    userId: view.userId,
    email: view.email,
    emailVerified: view.emailVerified,
    displayName: view.displayName,
    locale: view.locale,
    termsVersion: view.termsVersion,
    profile: Object.fromEntries(names),
    status: view.status,
    registeredAt: view.registeredAt,
    version: view.version,
    parked: view.parked,
  });
}
