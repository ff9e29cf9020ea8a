export { AppError, coerceError, Fault } from './errors.ts';
export { type Breaker, type BreakerOptions, createBreaker } from './async/circuit-breaker.ts';
export { type Clock, systemClock } from './async/clock.ts';
export { type Line, readLines } from './async/lines.ts';
export { createWaitObserver } from './async/observed-wait.ts';
export { createBackoff, delay, withDeadline } from './async/retry.ts';
export {
  type CopyReader,
  type CopyRecord,
  createOpenCopy,
  type OpenCopy,
} from './audit/copy-reader.ts';
export {
  type CopyJudgement,
  type CopyState,
  type CopyStates,
  DistrustedLeaderError,
} from './audit/leader-trust.ts';
export { readCopyStates } from './audit/read-copy-states.ts';
export {
  type CopyCounts,
  createLookAtServers,
  type LookAtServers,
  type ServerLook,
} from './audit/server-looks.ts';
export { createStepDown, type StepDown } from './audit/step-down.ts';
export { createTrustedLog, type TrustedLog } from './audit/trusted-log.ts';
export { toActorId } from './auth/actor-id.ts';
export { readTokenIssuers } from './auth/issuers.ts';
export {
  type Caller,
  createTokenVerifier,
  requireScope,
  type TokenVerifier,
} from './auth/tokens.ts';
export { encodeEntry, type View, type ViewContent } from './cache/entry.ts';
export { createFreshness, type Freshness, REPLICA_AFTER_MS } from './cache/freshness.ts';
export { createLiveVersion, type LiveVersion } from './cache/live-version.ts';
export { createRedis, type Redis } from './cache/redis.ts';
export { advanceScript, beginEpochScript, runScript } from './cache/scripts.ts';
export {
  type CachedView,
  createViewCache,
  ENTRY_LIFETIME_MS,
  type ViewCache,
  type ViewCacheKeys,
  viewCacheKeys,
  type ViewFill,
  type ViewKind,
  type ViewOffer,
} from './cache/views.ts';
export { createHttpApp, listenHttp, traceIdOf } from './http/app.ts';
export { keepOwnDeadline } from './http/client-errors.ts';
export type { HealthChecks } from './http/health.ts';
export { parseJsonBody, requirePlainUtf8 } from './bodies/json.ts';
export { type KeyRings, KeyRingsView } from './http/key-ring-route.ts';
export { toRoute } from './http/operation-route.ts';
export { createOverloaded } from './load/overloaded.ts';
export { type NoteWait, noteWaits } from './http/note-waits.ts';
export { parsePreferWait } from './http/headers/prefer-wait.ts';
export type { LogRequests } from './http/request-log.ts';
export { splitQuoted } from './http/headers/split-quoted.ts';
export {
  MAX_PROXIES_IN_A_ROW,
  MAX_TRUSTED_ENTRIES,
  areTrustedProxies,
  parseTrustedProxies,
  proxiesConfig,
  type TrustedProxies,
} from './http/headers/trusted-proxies.ts';
export { createValidator } from './http/validation.ts';
export { dayOf, tendAttemptKeys } from './keys/attempt-key-days.ts';
export { type AttemptKeys, createAttemptKeys } from './keys/attempt-keys.ts';
export {
  type ClaimLayers,
  type ClaimLayout,
  type ClaimPlace,
  claimStateOf,
} from './keys/claim-layout.ts';
export { toClaimLayers, toClaimLayout } from './keys/claim-layout.ts';
export { CLAIM_PHASE_NAMES, type ClaimPhase, nextClaimPhase } from './keys/claim-phases.ts';
export {
  createDataKeys,
  type DataKey,
  type DataKeys,
  openPersonal,
  sealPersonal,
} from './keys/data-keys.ts';
export { deriveKey } from './keys/derive-key.ts';
export { changeKeyOf, createDigests, type Digests } from './keys/digests.ts';
export {
  currentKey,
  firstKey,
  type KeyRing,
  KeyRingFile,
  readKeyRing,
  readKeyRingFile,
} from './keys/key-ring.ts';
export { layersOf, type PepperRing, readPepperRing } from './keys/pepper-ring.ts';
export { createRegistrationIds, type RegistrationIds } from './keys/registration-ids.ts';
export { createPositions, type Positions } from './keys/positions.ts';
export {
  addNextKey,
  clearKeyRingDrafts,
  createKeyRing,
  makeNextCurrent,
  removeKeys,
  replaceKeyRing,
} from './keys/ring-edit.ts';
export { openKeyRing, openPepperRing } from './keys/ring-file.ts';
export { deriveFromRing, type KeyRingSource, toKeyRingSource } from './keys/ring-source.ts';
export { readSecret } from './keys/secret-file.ts';
export {
  createVerificationTokens,
  type Proof,
  type VerificationTokens,
} from './keys/verification-tokens.ts';
export { clientKeyOf, guesserKeyOf } from './limits/client-key.ts';
export { verifyCounted } from './limits/counted-token.ts';
export { limitRequest } from './limits/headers.ts';
export { parsePolicy, rateLimitVariable } from './limits/policy.ts';
export { createRateLimits, type RateLimits } from './limits/rate-limits.ts';
export { countAt, isAbsent, StaleLeaderError } from './log/absence.ts';
export { attemptTtlSeconds } from './log/attempt-ttl.ts';
export {
  askServer,
  assertHealthyServer,
  type ServerAnswer,
  type WatchedServer,
} from './log/servers/ask-server.ts';
export { batchesOrIdle } from './log/read/batches-or-idle.ts';
export type {
  AppendOutcome,
  EventLog,
  LogMessage,
  LogRecord,
  TimedRecord,
} from './log/event-log.ts';
export { createHeadWatch, type HeadWatch } from './log/watch/head-watch.ts';
export { renewIncarnation } from './log/watch/incarnation.ts';
export { createIncarnationWatch, type IncarnationWatch } from './log/watch/incarnation-watch.ts';
export { createJetStreamLog } from './log/jetstream.ts';
export {
  connectNats,
  connectNatsAnywhere,
  connectNatsNearLeader,
  type NatsConnection,
  type NatsOptions,
} from './log/connect/nats.ts';
export { provisionStream } from './log/provision.ts';
export { readToEnd } from './log/read/read-to-end.ts';
export { readToProvenEnd } from './log/read/read-to-proven-end.ts';
export { createSecureDeletion, type SecureDeletion } from './log/secure-deletion.ts';
export {
  createReadLogServers,
  type LogServers,
  type ReadLogServers,
} from './log/servers/states.ts';
export { watchedServers } from './log/servers/watched-servers.ts';
export { migrate } from './postgres/migrate.ts';
export { createPool, type Pool, type Queries } from './postgres/pool.ts';
export { type LiveCheckpoint, readLiveCheckpoint } from './postgres/read-checkpoint.ts';
export { readModelsSchema, readModelsSql } from './postgres/read-models-sql.ts';
export { isRefusal } from './postgres/refusal.ts';
export {
  attemptKeyConfig,
  attemptLifetimeConfig,
  callersConfig,
  kekConfig,
  ConfigError,
  loadConfig,
  natsConfig,
  pepperConfig,
  positionConfig,
  postgresConfig,
  countersConfig,
  redisConfig,
  registrationIdConfig,
  replicaConfig,
  serviceConfig,
  verificationConfig,
} from './process/config.ts';
export { DEADLINES, longestCommitMs } from './process/deadlines.ts';
export { runService, type ServiceContext } from './process/lifecycle.ts';
export { createLinePerKind, kindOfError } from './process/line-per-kind.ts';
export { createLogger, type Logger } from './process/logger.ts';
export { drawBytes } from './process/random-pool.ts';
export { METRICS } from './telemetry/catalogue/metrics.ts';
export { SPANS } from './telemetry/catalogue/spans.ts';
export {
  type Count,
  createCounter,
  createHistogram,
  observe,
  startAtZero,
} from './telemetry/metrics.ts';
export { toErrorCode, toErrorName, toSafeText } from './telemetry/logs/safe-text.ts';
export { addPastSpan, withSharedSpan } from './telemetry/shared-span.ts';
export {
  bindToTrace,
  currentTraceparent,
  isTracing,
  type RecordedSpan,
  recordedSpan,
  type SetAttributes,
  withBatchSpans,
  withSpan,
} from './telemetry/trace.ts';
export { callerOf, noteCaller, noteScope } from './security/noted-caller.ts';
export type { SecurityWatch } from './security/watch-callers.ts';
