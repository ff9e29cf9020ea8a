export {
  type EventMetadata,
  decodeEvent,
  encodeEvent,
  eventType,
  factOf,
  openEvent,
  type StoredEvent,
  UnreadableEventError,
} from './codec.ts';
export {
  DisplayName,
  IdempotencyKey,
  Locale,
  MAX_ADDRESS_LENGTH,
  MAX_BODY_BYTES,
  Profile,
  RegisterCommand,
  TermsVersion,
} from './commands.ts';
export { type Actor, Envelope } from './envelope.ts';
export { ERROR_CODES, type ErrorCode, FIELD_CODES, type FieldCode } from './error-codes.ts';
export {
  type AccountEvent,
  type AccountFact,
  clearSchemas,
  EVENT_NAMES,
  type EventName,
  eventVersions,
  personalSchemas,
  REFUSAL_LIFETIME_DAYS,
  type RefusedData,
  type RegisteredData,
  type RegisteredPersonal,
} from './events.ts';
export { Instant, PositionToken, parseUserId, type UserId, Uuid } from './identifiers.ts';
export { FieldError, PROBLEM_TYPE_BASE, Problem } from './problem.ts';
export { ACCOUNTS_PROJECTION } from './projections.ts';
export { ClaimRecord, KeyRecord } from './records.ts';
export { type HttpService, ROUTES, type Route } from './routes.ts';
export { SCOPES, type Scope } from './scopes.ts';
export {
  ACCOUNTS_STREAM,
  inboxPrefix,
  NATS_PERMISSIONS,
  type NatsUser,
  recordKind,
  subjectFilters,
  subjects,
} from './topology.ts';
export {
  RefusalReason,
  RegistrationAccepted,
  RegistrationCreated,
  RegistrationOutcome,
  RegistrationView,
  UserView,
} from './views.ts';
