import { type Static, Type } from 'typebox';
import { DisplayName, Locale, Profile, ReasonCode, TermsVersion } from './commands.ts';
import { Uuid } from './identifiers.ts';
import { RefusalReason } from './views.ts';

/** The name of each event of an account, without prefix and version. */
export const EVENT_NAMES = [
  'registered',
  'registration-refused',
  'superseded',
  'verification-requested',
  'email-verified',
  'profile-updated',
  'email-change-requested',
  'email-changed',
  'deactivated',
  'reactivated',
  'erased',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** The events after which a person does not come back, so that her keys are to be forgotten. */
export const ENDINGS = ['erased', 'superseded'] as const satisfies readonly EventName[];
export type Ending = (typeof ENDINGS)[number];

const endings: ReadonlySet<string> = new Set(ENDINGS);

/** Whether an event is one after which its person does not come back. */
export function isEnding(name: EventName): name is Ending {
  return endings.has(name);
}

const Fingerprint = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'Keyed digest of the request body, so that a retry with another body is seen',
});

const Claim = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'Keyed digest of the canonical address',
});

const Standing = Type.Enum(['held', 'contested'], {
  description:
    '`held`: the address was free, the person has it until somebody else proves the mailbox. `contested`: somebody else had it unproven, so this attempt waits for proof',
});

/** The event whose proof of the mailbox an event is about: a registration or a change. */
const Attempt = Uuid;

const closed = { additionalProperties: false } as const;

/** What each event keeps in clear, in its current version. */
export const clearSchemas = {
  registered: Type.Object(
    {
      locale: Locale,
      termsVersion: TermsVersion,
      fingerprint: Fingerprint,
      standing: Standing,
      mail: Type.Optional(
        Type.Literal('none', {
          description: 'The person was imported and is not to be mailed about it; else absent',
        }),
      ),
    },
    closed,
  ),
  'registration-refused': Type.Object({ reason: RefusalReason, fingerprint: Fingerprint }, closed),
  superseded: Type.Object(
    {
      by: Type.Enum(['proof', 'expiry'], {
        description:
          'Somebody else proved the mailbox, or took the address after the claim expired',
      }),
    },
    closed,
  ),
  'verification-requested': Type.Object({ attempt: Attempt }, closed),
  'email-verified': Type.Object({ attempt: Attempt }, closed),
  'profile-updated': Type.Object({ locale: Locale }, closed),
  'email-change-requested': Type.Object({}, closed),
  'email-changed': Type.Object({ attempt: Attempt }, closed),
  deactivated: Type.Object({ reasonCode: ReasonCode }, closed),
  reactivated: Type.Object({ reasonCode: ReasonCode }, closed),
  erased: Type.Object({}, closed),
} as const satisfies Record<EventName, unknown>;

const AddressData = Type.Object({ email: Type.String(), claim: Claim }, closed);

/** What each event keeps encrypted under the person's key, in its current version; null: nothing. */
export const personalSchemas = {
  registered: Type.Object(
    { email: Type.String(), claim: Claim, displayName: DisplayName, profile: Profile },
    closed,
  ),
  'registration-refused': null,
  superseded: null,
  'verification-requested': null,
  'email-verified': null,
  // Whole values, not differences: applied twice they give the same.
  'profile-updated': Type.Object({ displayName: DisplayName, profile: Profile }, closed),
  'email-change-requested': AddressData,
  'email-changed': AddressData,
  deactivated: null,
  reactivated: null,
  erased: null,
} as const satisfies Record<EventName, unknown>;

/** The current version of each event. */
export const eventVersions = {
  registered: 2,
  'registration-refused': 1,
  superseded: 1,
  'verification-requested': 1,
  'email-verified': 1,
  'profile-updated': 1,
  'email-change-requested': 1,
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

/** An account's event without its personal data: what can be read without the person's key. */
export type AccountFact = {
  [Name in EventName]: {
    readonly name: Name;
    readonly data: Static<(typeof clearSchemas)[Name]>;
  };
}[EventName];

/** Facts of a `registered` event in clear. */
export type RegisteredData = Static<(typeof clearSchemas)['registered']>;

/** Personal data of a `registered` event. */
export type RegisteredPersonal = Static<(typeof personalSchemas)['registered']>;

/** Facts of a `registration-refused` event: nothing personal; it expires after 30 days. */
export type RefusedData = Static<(typeof clearSchemas)['registration-refused']>;

/** Days after which a `registration-refused` event expires from the log (architecture, decision 3). */
export const REFUSAL_LIFETIME_DAYS = 30;
