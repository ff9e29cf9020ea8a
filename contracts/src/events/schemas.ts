import { type Static, Type } from 'typebox';
import { DisplayName, Locale, Profile, ReasonCode, TermsVersion } from '../commands.ts';
import { AddressDigest, Timestamp, Uuid } from '../identifiers.ts';

/** The name of each event of an account, without prefix and version. */
export const EVENT_NAMES = [
  'registered',
  'email-verified',
  'profile-updated',
  'email-change-requested',
  'email-change-cancelled',
  'email-changed',
  'deactivated',
  'reactivated',
  'erased',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** Retries of a registration are compared by it. */
const Fingerprint = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description:
    'Keyed digest of the request body, which detects a retry with another body; random without a key',
});

/** The id of the event that requested proof of a mailbox: a registration or an address change. */
const ProofRequest = Uuid;

const closed = { additionalProperties: false } as const;

/** The data of each event in clear, in its current version. */
export const clearSchemas = {
  registered: Type.Object(
    {
      locale: Locale,
      termsVersion: TermsVersion,
      fingerprint: Fingerprint,
      emailVerified: Type.Boolean({
        description:
          'Whether the mailbox is proven: by an attempt, or by the statement of a caller',
      }),
      attempt: Type.Optional(
        Type.Integer({
          minimum: 1,
          description:
            'The position of the proven attempt; absent if the registration was vouched for',
        }),
      ),
      mail: Type.Optional(
        Type.Literal('none', {
          description: 'Set if the person was imported and must not get mail about it; else absent',
        }),
      ),
    },
    closed,
  ),
  'email-verified': Type.Object({ request: ProofRequest, locale: Locale }, closed),
  'profile-updated': Type.Object({ locale: Locale }, closed),
  'email-change-requested': Type.Object({}, closed),
  'email-change-cancelled': Type.Object({}, closed),
  'email-changed': Type.Object(
    {
      request: ProofRequest,
      firstProof: Type.Optional(
        Type.Object(
          { locale: Locale },
          {
            ...closed,
            description:
              'Set if no mailbox of the account was proven before, with the locale of the person; else absent',
          },
        ),
      ),
      /**
       * The former mailbox may undo the change until then, and nobody else can take its address.
       * Absent if that mailbox was not proven.
       */
      undoUntil: Type.Optional(Timestamp),
      undo: Type.Optional(
        Type.Literal(true, {
          description:
            'Set if this undoes the change of `request`, and those after it: the former address is the address again',
        }),
      ),
    },
    closed,
  ),
  deactivated: Type.Object(
    {
      reasonCode: ReasonCode,
      address: Type.Optional(
        Type.Literal('released', {
          description: 'Set if the owner of the mailbox disowned the account; else absent',
        }),
      ),
    },
    closed,
  ),
  reactivated: Type.Object({ reasonCode: ReasonCode }, closed),
  erased: Type.Object({}, closed),
} as const satisfies Record<EventName, unknown>;

const AddressData = Type.Object({ email: Type.String(), claim: AddressDigest }, closed);

/** The data of each event under the person's key, in its current version. Null means none. */
export const personalSchemas = {
  registered: Type.Object(
    { email: Type.String(), claim: AddressDigest, displayName: DisplayName, profile: Profile },
    closed,
  ),
  'email-verified': null,
  // Whole values instead of differences, so that a second application gives the same result.
  'profile-updated': Type.Object({ displayName: DisplayName, profile: Profile }, closed),
  'email-change-requested': AddressData,
  'email-change-cancelled': null,
  'email-changed': AddressData,
  deactivated: null,
  reactivated: null,
  erased: null,
} as const satisfies Record<EventName, unknown>;

/** The current version of each event. */
export const eventVersions = {
  registered: 1,
  'email-verified': 1,
  'profile-updated': 1,
  'email-change-requested': 1,
  'email-change-cancelled': 1,
  'email-changed': 1,
  deactivated: 1,
  reactivated: 1,
  erased: 1,
} as const satisfies Record<EventName, number>;

type StaticOrNull<Schema> = Schema extends null ? null : Static<Extract<Schema, object>>;

/** An account's event in its current version, its personal data decrypted. */
export type AccountEvent = {
  [Name in EventName]: {
    readonly name: Name;
    readonly data: Static<(typeof clearSchemas)[Name]>;
    readonly personal: StaticOrNull<(typeof personalSchemas)[Name]>;
  };
}[EventName];

/** An account's event without its personal data, readable without the person's key. */
export type AccountFact = {
  [Name in EventName]: {
    readonly name: Name;
    readonly data: Static<(typeof clearSchemas)[Name]>;
  };
}[EventName];

/** Reason code of `deactivated` if the owner of the mailbox disowned the account. */
export const DISOWNED = 'address-disowned';
