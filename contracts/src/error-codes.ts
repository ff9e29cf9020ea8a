/**
 * Every `code` of a problem document, with its title. A code never gets another meaning.
 * docs/errors.md lists the same codes; a test compares the two.
 */
export const ERROR_CODES = {
  'malformed-json': 'The body is not valid JSON',
  'malformed-header': 'A request header has a value that cannot be read',
  'invalid-request': 'The request breaks a rule; errors[] names each place',
  'idempotency-key-reused': 'This Idempotency-Key was used with another body',
  unauthorized: 'The token is missing or not valid',
  forbidden: 'The token lacks the scope that this operation needs',
  'not-found': 'There is nothing at this path',
  'user-not-found': 'There is no such user at the position this answer covers',
  'registration-not-found': 'There is no such registration',
  'method-not-allowed': 'This path does not accept this method',
  'user-erased': 'This user was erased',
  'user-deactivated': 'This user is deactivated',
  'self-deactivated':
    'The caller is deactivated, so their own token gives no access; an operator decides about them',
  'too-many-changes': 'This user has reached the largest number of changes',
  'precondition-failed': 'The user has changed since the version that If-Match names',
  'position-unknown':
    'This position is from before the event log was restored from a copy; read again without it',
  'invalid-verification-token':
    'The link is not valid: it was not issued here, has expired, or its attempt or account is gone; ask for another mail',
  'rate-limited': 'More requests than allowed; try again later',
  'address-taken': 'The address belongs to another person',
  'address-unproven':
    'An account that nobody has proven holds the address; say with `holder` what to do with it',
  'park-changed': 'The parked record is not the one that the request names; read it again',
  'rebuild-state':
    'The version of the read models is not in a state that allows this; read it again',
  'message-state': 'The mail is not in a state that allows this; read it again',
  'payload-too-large': 'The body is larger than allowed',
  'unsupported-media-type': 'The body has a media type that this path does not accept',
  'request-timeout': 'The request did not arrive in time',
  'bad-request': 'The request is not valid HTTP',
  'log-unavailable': 'The event log cannot be reached; try again',
  'log-full': 'The event log has no room for this now; try again later',
  'store-unavailable': 'The read model cannot be reached; try again',
  'projection-lagging': 'The read model has not reached the requested position; try again',
  'account-parked':
    'A record of this account cannot be applied to the read model; an operator must redrive or discard it',
  overloaded: 'Too many requests are waiting; try again',
  'service-unavailable': 'A part that this service needs is not ready; try again',
  'gateway-timeout': 'The service did not answer in time',
  internal: 'An unexpected error; the trace id helps to find it',
} as const satisfies Record<string, string>;
export type ErrorCode = keyof typeof ERROR_CODES;

/** Every `code` of an entry of `errors[]`, with its meaning. */
export const FIELD_CODES = {
  required: 'The field is missing',
  type: 'The field has the wrong JSON type',
  'too-short': 'The text is shorter than allowed',
  'too-long': 'The text is longer than allowed',
  format: 'The text has the wrong form',
  'unknown-field': 'There is no such field',
  'invisible-character': 'The text holds a control or invisible character',
  'inexact-number': 'The number has more digits than are kept; send it as text',
  'nothing-visible': 'The text shows nothing',
  'not-normalized': 'The text before the @ is not in the Unicode form NFKC',
  'too-many': 'There are more entries than allowed',
  'not-taken': 'The field is not accepted from this caller, or with this token',
} as const satisfies Record<string, string>;
export type FieldCode = keyof typeof FIELD_CODES;
