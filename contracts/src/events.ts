import { type Static, Type } from 'typebox';
import { DisplayName, Locale, Profile, TermsVersion } from './commands.ts';
import { RefusalReason } from './views.ts';

/** The name of each event of an account, without prefix and version. */
export const EVENT_NAMES = ['registered', 'registration-refused'] as const;
export type EventName = (typeof EVENT_NAMES)[number];

const Fingerprint = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'Keyed digest of the request body, so that a retry with another body is seen',
});

const Claim = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'Keyed digest of the canonical address',
});

/** What each event keeps in clear, in its current version. */
export const clearSchemas = {
  registered: Type.Object(
    { locale: Locale, termsVersion: TermsVersion, fingerprint: Fingerprint },
    { additionalProperties: false },
  ),
  'registration-refused': Type.Object(
    { reason: RefusalReason, fingerprint: Fingerprint },
    { additionalProperties: false },
  ),
} as const satisfies Record<EventName, unknown>;

/** What each event keeps encrypted under the person's key, in its current version; null: nothing. */
export const personalSchemas = {
  registered: Type.Object(
    {
      email: Type.String(),
      claim: Claim,
      displayName: DisplayName,
      profile: Profile,
    },
    { additionalProperties: false },
  ),
  'registration-refused': null,
} as const satisfies Record<EventName, unknown>;

/** The current version of each event. */
export const eventVersions = {
  registered: 1,
  'registration-refused': 1,
} as const satisfies Record<EventName, number>;

/** Facts of a `registered` event in clear. */
export type RegisteredData = Static<(typeof clearSchemas)['registered']>;

/** Personal data of a `registered` event. */
export type RegisteredPersonal = Static<(typeof personalSchemas)['registered']>;

/** Facts of a `registration-refused` event: nothing personal; it expires after 30 days. */
export type RefusedData = Static<(typeof clearSchemas)['registration-refused']>;

/** An account's event in its current version, its personal data decrypted. */
export type AccountEvent =
  | {
      readonly name: 'registered';
      readonly data: RegisteredData;
      readonly personal: RegisteredPersonal;
    }
  | { readonly name: 'registration-refused'; readonly data: RefusedData; readonly personal: null };

/** An account's event without its personal data: what can be read without the person's key. */
export type AccountFact = AccountEvent extends infer Event
  ? Event extends AccountEvent
    ? Pick<Event, 'name' | 'data'>
    : never
  : never;

/** Days after which a `registration-refused` event expires from the log (architecture, decision 3). */
export const REFUSAL_LIFETIME_DAYS = 30;
