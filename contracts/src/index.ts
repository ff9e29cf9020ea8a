export {
  IdempotencyKey,
  MIN_ANONYMOUS_KEY_BITS,
  Locale,
  MAX_ADDRESS_OCTETS,
  MAX_BODY_BYTES,
  MAX_PUBLIC_BODY_BYTES,
  RegisterCommand,
  UpdateUserCommand,
  VerifyEmailCommand,
} from './commands.ts';
export { ERROR_CODES, type ErrorCode, FIELD_CODES, type FieldCode } from './error-codes.ts';
export { Timestamp, PositionToken, parseUserId, type UserId } from './identifiers.ts';
export {
  ImportLine,
  ImportRow,
  ImportSummary,
  MAX_IMPORT_BYTES,
  MAX_IMPORT_ROWS,
} from './import-views.ts';
export { MailCounts, MailerStatus } from './mailer-status.ts';
export {
  canRedrive,
  LEDGER_PAGE,
  LedgerMessage,
  LedgerMessages,
  MAX_LEDGER_PAGE,
  MAX_MESSAGES_PAGE,
  MESSAGE_STATES,
  MessageFilter,
  type MessageState,
  MessagesView,
  MessageView,
  RedriveMessages,
  RedrivenMessages,
} from './messages.ts';
export {
  DiscardParked,
  MAX_PARKED_PAGE,
  PARK_REASONS,
  PARKED_PAGE,
  ParkedFilter,
  ParkedSubject,
  ParkedSubjects,
  ReasonWord,
} from './parked.ts';
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
  COUNTED_LIMITS,
  type CountedLimit,
  REDIS_RIGHTS,
  REDIS_SERVERS,
  REDIS_USERS,
  redisKeys,
  type RedisRights,
  type RedisServer,
  type RedisUser,
} from './redis.ts';
export {
  AcceptRebuild,
  READ_MODELS,
  ReadModel,
  ReadModelsComparison,
  ReadModelsVersion,
  ReadModelsVersions,
  StartRebuild,
  TableComparison,
} from './read-models.ts';
export {
  MAX_STATS_BUCKETS,
  MAX_STATS_LOCALES,
  RegistrationStatsView,
  RegistrationSteps,
  STATS_BUCKETS,
  StatsBucket,
} from './stats-views.ts';
export { MUST_SUPPLY, VerificationPreview } from './verification-preview.ts';
export {
  CommandAccepted,
  ERASURE_STORES,
  ErasureView,
  ProjectionsView,
  RegistrationAccepted,
  RegistrationCreated,
  RegistrationView,
  RequestAccepted,
  UserView,
  encodeUserView,
} from './views.ts';
export { createClient, type Fetch } from './client/client.ts';
export type { AnswerOf, Client } from './client/types.ts';
export { createAsyncApi } from './documents/asyncapi.ts';
export { createOpenApi } from './documents/openapi.ts';
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
} from './events/codec.ts';
export type { Actor } from './events/envelope.ts';
export { type AccountEvent, type AccountFact, DISOWNED, type EventName } from './events/schemas.ts';
export {
  decodeText,
  type ParseRecord,
  parseAttemptData,
  parseAttemptRecord,
  parseClaimRecord,
  parseDeletionRecord,
  parseEventType,
  parseFarewell,
  parseKeyRecord,
  parseMailWish,
  parseNewerState,
  parseOrThrow,
  UnreadableRecordError,
} from './log/parse-record.ts';
export {
  AttemptData,
  AttemptRecord,
  ClaimRecord,
  ClosedAttempt,
  DeletionRecord,
  Farewell,
  FAREWELL_LIFETIME_SECONDS,
  KeyRecord,
  MAIL_WISH_LIFETIME_SECONDS,
  MAX_FORMER,
  MAX_RESERVED,
  MailWish,
  OpenAttempt,
  VoidAttempt,
  UNDO_SECONDS,
} from './log/records.ts';
export {
  apiPrefix,
  inboxPrefix,
  mayReadFromLeader,
  JETSTREAM_API,
  NATS_PERMISSIONS,
  NATS_USERS,
  type NatsUser,
  LOG_ACCOUNT,
  type ServerReport,
  serverReportSubject,
  SYSTEM_ACCOUNT,
  toImported,
  consumerNames,
} from './log/nats-users.ts';
export {
  ACCOUNTS_STREAM,
  recordKind,
  type RecordKind,
  EVERY_SUBJECT,
  subjectFilters,
  subjects,
} from './log/topology.ts';
export {
  type Field,
  type HttpService,
  MERGE_PATCH_MEDIA_TYPE,
  NDJSON_MEDIA_TYPE,
  type Operation,
} from './operations/operation.ts';
export {
  METHODS,
  PAGES,
  REFERENCE_PAGES,
  ROUTES,
  START_PAGES,
  type Route,
  VERIFY_PAGES,
} from './operations/routes.ts';
export { SCOPES, type Scope } from './operations/scopes.ts';
export { OPERATIONS } from './operations/table.ts';
