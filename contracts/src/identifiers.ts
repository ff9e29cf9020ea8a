import { type Static, Type } from 'typebox';

const UUID_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
const uuidExpression = new RegExp(UUID_PATTERN);

/** A UUID in lower case, any version of RFC 9562 (registrations use versions 7 and 8). */
export const Uuid = Type.String({
  title: 'Uuid',
  pattern: UUID_PATTERN,
  description: 'UUID in lower case (RFC 9562)',
});

/** The id of a registration and of the person that it registers. */
export type UserId = string & { readonly __brand: 'UserId' };

/** Parses a user id in either case (RFC 9562 section 4). Returns undefined if it is no UUID. */
export function parseUserId(text: string): UserId | undefined {
  const id = text.toLowerCase();
  // The expression has checked the form.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return uuidExpression.test(id) ? (id as UserId) : undefined;
}

/** Keyed digest (HMAC-SHA-256) of a canonical address, base64url. */
export const AddressDigest = Type.String({
  title: 'AddressDigest',
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'Keyed digest of the canonical address',
});

/** A time as RFC 3339 text in UTC with milliseconds. */
export const Timestamp = Type.String({
  title: 'Timestamp',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'Moment in UTC (RFC 3339, milliseconds)',
});
export type Timestamp = Static<typeof Timestamp>;

/** A position in the log, sealed for clients: one version byte and one AES block, base64url. */
export const PositionToken = Type.String({
  title: 'Position',
  pattern: '^[A-Za-z0-9_-]{23}$',
  description: 'Opaque position in the log; send it back as Min-Position',
});
export type PositionToken = Static<typeof PositionToken>;

/** A strong entity tag (RFC 9110, 8.8.3). */
export const EntityTag = Type.String({
  title: 'EntityTag',
  pattern: '^"[\\x21\\x23-\\x7e]*"$',
  description: 'Entity tag; send it back as If-None-Match',
});
