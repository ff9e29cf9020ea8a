export {
  ChangeEmailCommand,
  DisplayName,
  IdempotencyKey,
  MIN_ANONYMOUS_KEY_BITS,
  Locale,
  MAX_ADDRESS_LENGTH,
  MAX_BODY_BYTES,
  MAX_PUBLIC_BODY_BYTES,
  Profile,
  ReasonCode,
  ReasonCommand,
  RegisterCommand,
  ResendVerificationCommand,
  TermsVersion,
  UpdateUserCommand,
  VerifyEmailCommand,
} from './commands.ts';
export { ERROR_CODES, type ErrorCode, FIELD_CODES, type FieldCode } from './error-codes.ts';
export {
  AddressDigest,
  EntityTag,
  Instant,
  PositionToken,
  parseUserId,
  type UserId,
  Uuid,
} from './identifiers.ts';
export {
  ImportLine,
  ImportRow,
  ImportSummary,
  MAX_IMPORT_BYTES,
  MAX_IMPORT_ROWS,
} from './import-views.ts';
export {
  FieldError,
  PROBLEM_MEDIA_TYPE,
  PROBLEM_STATUS,
  PROBLEM_TYPE_BASE,
  Problem,
} from './problem.ts';
export { ACCOUNTS_PROJECTION } from './projections.ts';
export { ProjectorStatus } from './projector-status.ts';
export {
  CommandAccepted,
  ERASURE_STORES,
  ErasureView,
  RegistrationAccepted,
  RegistrationCreated,
  RegistrationView,
  RequestAccepted,
  UserView,
  encodeUserView,
} from './views.ts';
export {
  type ClientOptions,
  ContractError,
  createClient,
  type Fetch,
  type FetchedResponse,
} from './client/client.ts';
export type { LinesToSend } from './client/lines.ts';
export type { AnswerOf, CallOptions, Client, RequestOf } from './client/types.ts';
export { createAsyncApi } from './documents/asyncapi.ts';
export { API_VERSION, createOpenApi } from './documents/openapi.ts';
export type { Json, JsonObject } from './documents/schema-components.ts';
export {
  type EventMetadata,
  decodeEvent,
  encodeEvent,
  encodePersonal,
  eventType,
  factOf,
  openEvent,
  type StoredEvent,
  UnreadableEventError,
  UnwritableEventError,
} from './events/codec.ts';
export { type Actor, Envelope } from './events/envelope.ts';
export {
  type AccountEvent,
  type AccountFact,
  clearSchemas,
  DISOWNED,
  EVENT_NAMES,
  type EventName,
  eventVersions,
  personalSchemas,
} from './events/events.ts';
export {
  decodeText,
  type ParseRecord,
  parseAttemptData,
  parseAttemptRecord,
  parseClaimRecord,
  parseDeletionRecord,
  parseEventType,
  parseKeyRecord,
  parseMailWish,
  parseOrThrow,
  type RecordContent,
  UnreadableRecordError,
} from './log/parse-record.ts';
export {
  AttemptData,
  AttemptRecord,
  ClaimRecord,
  ClosedAttempt,
  DeletionRecord,
  KeyRecord,
  MAIL_WISH_LIFETIME_SECONDS,
  MailWish,
  OpenAttempt,
  VoidAttempt,
} from './log/records.ts';
export {
  ACCOUNTS_STREAM,
  apiPrefix,
  inboxPrefix,
  JETSTREAM_API,
  NATS_PERMISSIONS,
  NATS_USERS,
  type NatsPermissions,
  type NatsUser,
  recordKind,
  type RecordKind,
  subjectFilters,
  subjects,
  toLogSubject,
} from './log/topology.ts';
export {
  type Answer,
  type Field,
  type HttpService,
  NDJSON_MEDIA_TYPE,
  type Operation,
} from './operations/operation.ts';
export { OPERATIONS, type OperationId } from './operations/operations.ts';
export {
  METHODS,
  REFERENCE_PAGES,
  type ReferencePage,
  ROUTES,
  type Route,
} from './operations/routes.ts';
export { SCOPES, type Scope } from './operations/scopes.ts';
