import { ACCOUNTS_PROJECTION } from '@zameni/contracts';
import {
  createFreshness,
  createHeadWatch,
  createLiveVersion,
  createPool,
  createPositions,
  createRedis,
  createTokenVerifier,
  createViewCache,
  listenHttp,
  openKeyRing,
  readLiveCheckpoint,
  readSecret,
  readTokenIssuers,
  type ServiceContext,
  systemClock,
  viewCacheKeys,
} from '@zameni/runtime';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { createHealthChecks } from './http/health-checks.ts';
import { readReferenceFiles } from './reference/files.ts';
import { readVerifyFiles } from './verify-page/files.ts';
import { createErasureReader } from './stores/erasure-store.ts';
import { createGuardedStore } from './stores/guarded-store.ts';
import { createLogLookup } from './stores/log-lookup.ts';
import { createMessagesReader } from './stores/messages-store.ts';
import { createProjectionsReader } from './stores/projections-store.ts';
import { createReadModelLag } from './stores/read-model-lag.ts';
import { createReplicaLag } from './stores/replica-lag.ts';
import { createStatsReader } from './stores/stats-store.ts';
import { createViewReader } from './stores/view-reader.ts';
import { createPostgresViewStore } from './stores/view-store-postgres.ts';

/** Connections of one process. PgBouncer shares 20 connections per database among all processes. */
const REPLICA_POOL_SIZE = 10;
const PRIMARY_POOL_SIZE = 5;
const STATS_POOL_SIZE = 2;

/** Most readers that wait for a position at once. */
const MAX_WAITERS = 10_000;

/** Starts the query API: connects Redis, replica, primary and log, and listens. */
export async function startQueryApi(context: ServiceContext<Config>): Promise<void> {
  const { config, logger, resources, signal } = context;
  const name = config.ZAMENI_INSTANCE;
  const password = readSecret(config.ZAMENI_POSTGRES_PASSWORD_FILE);
  const openPool = (url: string, max: number, purpose: string) =>
    resources.adopt(createPool({ url, password, max, name, purpose, logger }), (pool) =>
      pool.end(),
    );
  const replicaPool = openPool(
    config.ZAMENI_POSTGRES_REPLICA_URL,
    REPLICA_POOL_SIZE,
    'query-replica',
  );
  const primaryPool = openPool(config.ZAMENI_POSTGRES_URL, PRIMARY_POOL_SIZE, 'query-primary');
  const redis = createRedis({
    url: config.ZAMENI_REDIS_URL,
    password: readSecret(config.ZAMENI_REDIS_PASSWORD_FILE),
    name,
    logger,
  });
  resources.defer(() => redis.disconnect());
  const log = resources.use(
    createLogLookup({
      nats: {
        servers: config.ZAMENI_NATS_SERVERS.split(','),
        user: config.ZAMENI_NATS_USER,
        password: readSecret(config.ZAMENI_NATS_PASSWORD_FILE),
        name,
      },
      logger,
      signal,
    }),
  );

  const clock = systemClock;
  const head = resources.use(createHeadWatch({ readHead: () => log.readHead(signal), clock }));
  const lag = resources.use(
    createReadModelLag({ read: () => readLiveCheckpoint(primaryPool), head }),
  );
  const live = resources.use(createLiveVersion({ read: lag.read, clock }));
  const cache = createViewCache({
    redis,
    keys: (modelVersion) => viewCacheKeys(ACCOUNTS_PROJECTION, modelVersion),
    liveVersion: live.current,
    logger,
  });
  const replicaLag = resources.use(createReplicaLag({ primary: lag.last, clock }));
  const store = createPostgresViewStore(replicaPool, (checkpoint) => {
    replicaLag.learn(checkpoint);
    live.learn(checkpoint);
  });
  const replica = createGuardedStore({ store, name: 'replica', logger });
  const freshness = createFreshness({
    purpose: 'position',
    watermark: cache.watermark,
    replicaPosition: replica.readPosition,
    clock,
    maxWaiters: MAX_WAITERS,
    stopping: signal,
  });
  const position = openKeyRing(config.ZAMENI_POSITION_KEY_FILE, { logger });
  const app = await createApp({
    logger,
    logRequests: config.ZAMENI_LOG_REQUESTS,
    keyRings: { position },
    ...createHealthChecks({
      replica: () => replicaPool.query('select 1'),
      primary: () => primaryPool.query('select 1'),
      redis: () => redis.ping(),
      nats: () => log.readHead(signal),
    }),
    tokens: createTokenVerifier({
      issuers: readTokenIssuers(config.ZAMENI_JWT_ISSUERS_FILE),
      logger,
    }),
    positions: createPositions(position),
    isInLog: log.isInLog,
    reference: readReferenceFiles(),
    verifyPage: readVerifyFiles(),
    readErasure: createErasureReader({ primary: primaryPool, replica: replicaPool }),
    readMessages: createMessagesReader(primaryPool),
    readProjections: createProjectionsReader({ primary: primaryPool, head }),
    readStats: createStatsReader({
      // Counting is slow, so it has connections of its own.
      replica: openPool(config.ZAMENI_POSTGRES_REPLICA_URL, STATS_POOL_SIZE, 'query-stats'),
      primary: primaryPool,
      freshness,
      clock,
    }),
    readView: createViewReader({
      cache,
      replica,
      primary: createPostgresViewStore(primaryPool, live.learn),
      freshness,
      clock,
    }),
  });
  resources.use(await listenHttp(app, { host: config.ZAMENI_HOST, port: config.ZAMENI_PORT }));
  logger.info({ port: config.ZAMENI_PORT }, 'service listens');
}
