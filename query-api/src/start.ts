import { ACCOUNTS_PROJECTION, type CountedLimit } from '@zameni/contracts';
import {
  createFreshness,
  createIncarnationWatch,
  createHeadWatch,
  createLiveVersion,
  createPool,
  createPositions,
  createRateLimits,
  createRedis,
  createRegistrationIds,
  createTokenVerifier,
  createViewCache,
  DEADLINES,
  listenHttp,
  openKeyRing,
  parseTrustedProxies,
  parsePolicy,
  readCopyStates,
  readLiveCheckpoint,
  readSecret,
  readTokenIssuers,
  type ServiceContext,
  systemClock,
  toActorId,
  viewCacheKeys,
} from '@zameni/runtime';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { createActorDigest, createClientDigest } from './http/digests.ts';
import { createHealthChecks } from './http/health-checks.ts';
import { readReferenceFiles } from './reference/files.ts';
import { readVerifyFiles } from './verify-page/files.ts';
import { createErasureReader } from './stores/erasure-store.ts';
import { createGuard, guardQueries } from './stores/guard.ts';
import { createGuardedStore } from './views/guarded-store.ts';
import { rememberAbsences } from './stores/known-absences.ts';
import { createLogLookup } from './stores/log-lookup.ts';
import { createMessagesReader } from './stores/messages-store.ts';
import { createOtherLog } from './looks/other-log.ts';
import { createPrimaryLooks } from './looks/primary.ts';
import { createProjectionsReader } from './stores/projections-store.ts';
import { observeReadModelLag } from './looks/read-model-lag.ts';
import { createReplicaLag } from './looks/replica-lag.ts';
import { createStatsReader } from './stores/stats-store.ts';
import { trustCache, trustPrimary, trustReplica } from './views/trust.ts';
import { createViewReader } from './views/reader.ts';
import { createPostgresViewStore } from './views/store-postgres.ts';

/** Connections of one process. PgBouncer shares 20 connections per database among all processes. */
const REPLICA_POOL_SIZE = 10;
const PRIMARY_POOL_SIZE = 5;
const STATS_POOL_SIZE = 2;

/** Most readers that wait for a position at once. */
const MAX_WAITERS = 10_000;

/** Starts the query API: connects Redis, replica, primary and log, and listens. */
export async function startQueryApi(context: ServiceContext<Config>): Promise<void> {
  const { config, logger, securityLog, resources, leaving, signal } = context;
  const name = config.ZAMENI_INSTANCE;
  const password = readSecret(config.ZAMENI_POSTGRES_PASSWORD_FILE);
  const openPool = (
    url: string,
    purpose: string,
    pool: { max: number; queryDeadlineMs?: number },
  ) =>
    resources.adopt(createPool({ url, password, name, purpose, logger, ...pool }), (opened) =>
      opened.end(),
    );
  const { ZAMENI_POSTGRES_URL: primaryUrl, ZAMENI_POSTGRES_REPLICA_URL: replicaUrl } = config;
  const { replicaRead, primaryRead } = DEADLINES;
  const ofReplica = { max: REPLICA_POOL_SIZE, queryDeadlineMs: replicaRead };
  const ofPrimary = { max: PRIMARY_POOL_SIZE, queryDeadlineMs: primaryRead };
  const replicaPool = openPool(replicaUrl, 'query-replica', ofReplica);
  const primaryPool = openPool(primaryUrl, 'query-primary', ofPrimary);
  const guardReplica = createGuard({ name: 'replica', deadlineMs: replicaRead, logger });
  const guardPrimary = createGuard({ name: 'primary', deadlineMs: primaryRead, logger });
  const replicaQueries = guardQueries(replicaPool, guardReplica);
  const primaryQueries = guardQueries(primaryPool, guardPrimary);
  const openRedis = (url: string) =>
    resources.adopt(
      createRedis({
        url,
        password: readSecret(config.ZAMENI_REDIS_PASSWORD_FILE),
        name,
        logger,
      }),
      (opened) => opened.disconnect(),
    );
  const redis = openRedis(config.ZAMENI_REDIS_URL);
  const counters = openRedis(config.ZAMENI_REDIS_COUNTERS_URL);
  const log = resources.use(
    createLogLookup({
      nats: {
        servers: config.ZAMENI_NATS_SERVERS.split(','),
        user: config.ZAMENI_NATS_USER,
        password: readSecret(config.ZAMENI_NATS_PASSWORD_FILE),
        name,
      },
      readStates: () => readCopyStates(primaryPool),
      logger,
      signal,
    }),
  );

  const clock = systemClock;
  const looks = createPrimaryLooks(clock);
  const live = resources.use(
    createLiveVersion({
      read: () => readLiveCheckpoint(primaryPool),
      clock,
      onLook: looks.learn,
    }),
  );
  const { isOther, comparing } = createOtherLog({ checkpoint: looks.last, clock });
  const readHead = comparing(() => log.readHead(signal));
  const head = resources.use(createHeadWatch({ readHead, clock }));
  resources.use(observeReadModelLag({ checkpoint: looks.last, head }));
  const incarnation = resources.use(
    createIncarnationWatch({ read: () => log.readIncarnation(signal), clock }),
  );
  const viewCache = createViewCache({
    redis,
    keys: (modelVersion) => viewCacheKeys(ACCOUNTS_PROJECTION, modelVersion),
    liveVersion: live.current,
    logger,
  });
  const replicaLag = resources.use(createReplicaLag({ primary: looks.last, clock }));
  const replicaStore = createPostgresViewStore(replicaPool, (checkpoint) => {
    replicaLag.learn(checkpoint);
    live.learn(checkpoint);
  });
  const primaryStore = createPostgresViewStore(primaryQueries, live.learn);
  const known = { isOtherLog: isOther, newest: looks.newest, lately: looks.lately };
  const cache = trustCache(viewCache, known);
  const replica = trustReplica(createGuardedStore(replicaStore, guardReplica), known);
  const primary = trustPrimary(primaryStore, known);
  const freshness = createFreshness({
    purpose: 'position',
    watermark: cache.watermark,
    replicaPosition: replica.readPosition,
    clock,
    maxWaiters: MAX_WAITERS,
    stopping: signal,
  });
  const position = openKeyRing(config.ZAMENI_POSITION_KEY_FILE, { logger, securityLog });
  const registration = openKeyRing(config.ZAMENI_REGISTRATION_ID_KEY_FILE, { logger, securityLog });
  const actors = createActorDigest(position);
  const app = await createApp({
    logger,
    logRequests: config.ZAMENI_LOG_REQUESTS,
    security: { log: securityLog, actorOf: (caller) => toActorId(actors, caller) },
    leaving,
    trustedProxies: parseTrustedProxies(config.ZAMENI_TRUSTED_PROXIES),
    keyRings: { position, registration },
    ...createHealthChecks({
      replica: () => replicaQueries.query('select 1'),
      primary: () => primaryQueries.query('select 1'),
      redis: () => redis.ping(),
      counters: () => counters.ping(),
      nats: () => log.readHead(signal),
    }),
    tokens: createTokenVerifier({
      issuers: readTokenIssuers(config.ZAMENI_JWT_ISSUERS_FILE),
      logger,
    }),
    positions: createPositions(position, incarnation.current),
    registrationIds: createRegistrationIds(registration),
    isInLog: log.isInLog,
    wasInLog: rememberAbsences(log.isInLog, clock),
    clientDigest: createClientDigest(registration.current()),
    limits: createRateLimits<CountedLimit<'query-api'>>({
      policies: {
        'network-reads': parsePolicy(config.ZAMENI_LIMIT_NETWORK_READS),
        'caller-reads': parsePolicy(config.ZAMENI_LIMIT_CALLER_READS),
      },
      redis: counters,
      logger,
    }),
    reference: readReferenceFiles(),
    verifyPage: readVerifyFiles(),
    readErasure: createErasureReader({ primary: primaryQueries, replica: replicaQueries }),
    readMessages: createMessagesReader(primaryQueries),
    readProjections: createProjectionsReader({ primary: primaryQueries, head }),
    readStats: createStatsReader({
      // Counting is slow, so it has connections and deadlines of its own.
      replica: {
        pool: openPool(replicaUrl, 'query-stats', { max: STATS_POOL_SIZE }),
        ping: () => replicaQueries.query('select 1'),
      },
      primary: {
        pool: openPool(primaryUrl, 'query-stats-primary', { max: STATS_POOL_SIZE }),
        ping: () => primaryQueries.query('select 1'),
      },
      freshness,
      clock,
    }),
    readView: createViewReader({
      cache,
      replica,
      primary,
      freshness,
      clock,
    }),
  });
  resources.use(await listenHttp(app, { host: config.ZAMENI_HOST, port: config.ZAMENI_PORT }));
  logger.info({ port: config.ZAMENI_PORT }, 'service listens');
}
