export { dayOf, tendAttemptKeys } from './attempt-key-days.ts';
export { type AttemptKeys, type AttemptSecrets, createAttemptKeys } from './attempt-keys.ts';
export { attemptTtlSeconds } from './attempt-ttl.ts';
export { batchesOrIdle } from './batches-or-idle.ts';
export { type Clock, systemClock } from './clock.ts';
export { type Committer, createCommitter } from './committer.ts';
export { type AppendContext, appendUntilKnown } from './committer-append.ts';
export type { Intent, ReadState } from './committer-group.ts';
export {
  attemptKeyConfig,
  attemptLifetimeConfig,
  ConfigError,
  callersConfig,
  kekConfig,
  loadConfig,
  natsConfig,
  pepperConfig,
  positionConfig,
  postgresConfig,
  redisConfig,
  replicaConfig,
  serviceConfig,
  verificationConfig,
} from './config.ts';
export {
  type ClaimLayers,
  type ClaimLayout,
  type ClaimPlace,
  claimStateOf,
} from './claim-layout.ts';
export { layersOf, toClaimLayers, toClaimLayout } from './claim-layout.ts';
export { type ClaimLayouts, createClaimLayouts } from './claim-layouts.ts';
export { type ClaimMoverDeps, moveClaims } from './claim-mover.ts';
export { CLAIM_PHASE_NAMES, type ClaimPhase, nextClaimPhase } from './claim-phases.ts';
export {
  createDataKeys,
  type DataKey,
  type DataKeys,
  openPersonal,
  type PersonalBinding,
  sealPersonal,
} from './data-keys.ts';
export { createDeadline, type Deadline } from './deadline.ts';
export { createDigests, type Digests } from './digests.ts';
export { AppError, coerceError } from './errors.ts';
export type { AppendOutcome, EventLog, LogMessage, LogRecord, ReadOptions } from './event-log.ts';
export { createJetStreamLog } from './event-log-jetstream.ts';
export { createFreshness, type Freshness, REPLICA_AFTER_MS } from './freshness.ts';
export { parseJsonBody } from './json-body.ts';
export { type HealthChecks, Readiness } from './health.ts';
export { createHttpApp, listenHttp, traceIdOf } from './http.ts';
export { keepOwnDeadline } from './client-errors.ts';
export { runService, type Service, type ServiceContext } from './lifecycle.ts';
export {
  addNextKey,
  clearKeyRingDrafts,
  makeNextCurrent,
  removeKeys,
  replaceKeyRing,
} from './key-ring-edit.ts';
export { openKeyRing } from './key-ring-file.ts';
export { type KeyRings, KeyRingsView } from './key-ring-route.ts';
export { type KeyRingSource, toKeyRingSource } from './key-ring-source.ts';
export { type Line, readLines } from './lines.ts';
export { createLogger, type Logger } from './logger.ts';
export { type Migration, MigrationError, type MigrateOptions, migrate } from './migrate.ts';
export { takeNdjsonOnly } from './ndjson-body.ts';
export { connectNats, type NatsConnection, type NatsOptions } from './nats.ts';
export { toRoute } from './operation-route.ts';
export { createPositions, type Positions } from './positions.ts';
export { createPool, type Pool } from './postgres.ts';
export { toNextPepperStep } from './pepper-steps.ts';
export { parsePreferWait } from './prefer-wait.ts';
export { provisionStream } from './provision.ts';
export { drawBytes } from './random-pool.ts';
export { readToEnd } from './read-to-end.ts';
export { createRedis, type Redis } from './redis.ts';
export { limitRequest } from './rate-limit-headers.ts';
export { createRateLimits, type RateLimits } from './rate-limits.ts';
export { clientKeyOf, guesserKeyOf } from './rate-limits-client.ts';
export { parsePolicy, rateLimitVariable } from './rate-limits-policy.ts';
export { createBackoff, delay, withDeadline } from './retry.ts';
export { createReadLogServers, type LogServers, type ReadLogServers } from './log-servers.ts';
export { createSecureDeletion, type SecureDeletion } from './secure-deletion.ts';
export {
  type KeyRing,
  KeyRingFile,
  readKeyRing,
  readKeyRingFile,
  readSecret,
  SecretFileError,
} from './secrets.ts';
export { splitQuoted } from './split-quoted.ts';
export { readTokenIssuers, type TokenIssuer } from './token-issuers.ts';
export { type Caller, createTokenVerifier, requireScope, type TokenVerifier } from './tokens.ts';
export { currentTraceparent, withAppendSpan, withRecordSpans } from './trace.ts';
export { createValidator } from './validation.ts';
export {
  createVerificationTokens,
  type Proof,
  type VerificationTokens,
} from './verification-tokens.ts';
export {
  type CachedView,
  createViewCache,
  type ViewCache,
  type ViewCacheKeys,
  type ViewFill,
  type ViewKind,
  viewCacheKeys,
} from './view-cache.ts';
export { type Breaker, createBreaker } from './view-cache-breaker.ts';
export { type View, type ViewContent } from './view-cache-entry.ts';
export {
  type CacheEpoch,
  createViewCacheWriter,
  type ViewCacheWriter,
  type ViewChange,
} from './view-cache-writer.ts';
