import { type Static, Type } from 'typebox';

const UUID_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
const uuidExpression = new RegExp(UUID_PATTERN);

/** A UUID in lower case, any version of RFC 9562 (registrations use versions 7 and 8). */
export const Uuid = Type.String({ pattern: UUID_PATTERN, description: 'UUID (RFC 9562)' });

/** The id of a registration and, once it succeeded, of the person registered. */
export type UserId = string & { readonly __brand: 'UserId' };

/** Parses a user id; undefined when the text is not a UUID in lower case. */
export function parseUserId(text: string): UserId | undefined {
  return uuidExpression.test(text) ? (text as UserId) : undefined;
}

/** A moment as RFC 3339 text in UTC with milliseconds. */
export const Instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'Moment in UTC (RFC 3339, milliseconds)',
});
export type Instant = Static<typeof Instant>;

/** A stream position sealed for the outside: one version byte and one AES block, base64url. */
export const PositionToken = Type.String({
  pattern: '^[A-Za-z0-9_-]{23}$',
  description: 'Opaque position in the log; send it back as Min-Position',
});
export type PositionToken = Static<typeof PositionToken>;
