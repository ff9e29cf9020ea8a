import { randomUUID } from 'node:crypto';
import { ACCOUNTS_PROJECTION, ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNatsNearLeader,
  createDataKeys,
  createDigests,
  createJetStreamLog,
  createPool,
  createRateLimits,
  createRedis,
  DEADLINES,
  createTokenVerifier,
  listenHttp,
  openKeyRing,
  openPepperRing,
  readSecret,
  readTokenIssuers,
  type ServiceContext,
  toActorId,
  viewCacheKeys,
} from '@zameni/runtime';
import { createCacheFeed } from './cache/feed.ts';
import { createViewCacheWriter } from './cache/writer.ts';
import type { Config } from './config.ts';
import { createProjection } from './follow/follow-log.ts';
import { createPeopleKeys } from './keys/people-keys.ts';
import { createOperatorApp } from './operator/app.ts';
import { OPERATOR_LIMIT } from './operator/parked-routes.ts';
import { createOperatorStore } from './operator/parked-store.ts';
import { createAttemptHousekeeping } from './read-models/attempts/housekeeping.ts';
import { createAttemptStore } from './read-models/attempts/rows.ts';
import { createPostgresStore } from './read-models/store-postgres.ts';
import { startReactors } from './start-reactors.ts';

/** Connections to Postgres: for a batch, leases and attempts, and the four queries of an eraser. */
const POOL_SIZE = 7;

/** Connections for operators: their requests must not keep leases and batches waiting. */
const OPERATOR_POOL_SIZE = 2;

/** People whose opened data keys are cached, about 0.3 KB each. */
const MAX_KEYS = 50_000;

/** Starts the projector, which reads the log and writes Postgres and Redis. */
export async function startProjector(context: ServiceContext<Config>): Promise<void> {
  const { config, logger, resources, signal, fail } = context;
  const name = config.ZAMENI_INSTANCE;
  const nc = await connectNatsNearLeader(
    {
      servers: config.ZAMENI_NATS_SERVERS.split(','),
      user: config.ZAMENI_NATS_USER,
      password: readSecret(config.ZAMENI_NATS_PASSWORD_FILE),
      name,
    },
    ACCOUNTS_STREAM.name,
  );
  resources.defer(() => nc.close());
  const log = await createJetStreamLog(nc, {
    stream: ACCOUNTS_STREAM.name,
    user: config.ZAMENI_NATS_USER,
  });
  const url = config.ZAMENI_POSTGRES_URL;
  const password = readSecret(config.ZAMENI_POSTGRES_PASSWORD_FILE);
  const openPool = (max: number) =>
    resources.adopt(createPool({ url, password, max, name, logger }), (opened) => opened.end());
  const pool = openPool(POOL_SIZE);
  const redis = createRedis({
    url: config.ZAMENI_REDIS_URL,
    password: readSecret(config.ZAMENI_REDIS_PASSWORD_FILE),
    name,
    logger,
  });
  resources.defer(() => redis.disconnect());

  const { name: projection, version } = ACCOUNTS_PROJECTION;
  const owner = {
    projection,
    version,
    holder: `${name}-${randomUUID()}`,
    leaseMs: DEADLINES.lease,
  };
  const keyRing = openKeyRing(config.ZAMENI_KEK_FILE, { logger });
  const housekeeping = resources.use(
    createAttemptHousekeeping({ store: createAttemptStore(pool), logger, now: Date.now }),
  );
  const running = createProjection({
    log,
    housekeeping,
    keys: createPeopleKeys({ log, dataKeys: createDataKeys(keyRing) }, { maxKeys: MAX_KEYS }),
    store: createPostgresStore(pool, owner),
    cache: createCacheFeed({
      writer: createViewCacheWriter({ redis, keys: viewCacheKeys(projection, version) }),
      newEpochId: randomUUID,
      now: Date.now,
      logger,
    }),
    logger,
  });
  const stopped = running.run(signal).catch(fail);
  resources.defer(() => stopped);

  const peppers = openPepperRing(config.ZAMENI_PEPPER_FILE, { logger });
  const { eraser, ...movers } = await startReactors(context, { pool, keyRing, peppers });

  const operatorStore = createOperatorStore(openPool(OPERATOR_POOL_SIZE));
  const digests = createDigests(peppers.current());
  const app = createOperatorApp({
    logger,
    log,
    status: running.status,
    parked: () => operatorStore.count(ACCOUNTS_PROJECTION),
    parkedRoutes: {
      store: operatorStore,
      tokens: createTokenVerifier({
        issuers: readTokenIssuers(config.ZAMENI_JWT_ISSUERS_FILE),
        logger,
      }),
      limits: createRateLimits({ policies: { operator: OPERATOR_LIMIT }, logger }),
      actorOf: (caller) => toActorId(digests, caller),
    },
    eraser,
    ...movers,
    keyRings: { kek: keyRing, pepper: peppers },
    checks: {
      nats: async () => void (await log.head(signal)),
      postgres: async () => void (await pool.query('select 1')),
    },
    degradedChecks: { redis: async () => void (await redis.ping()) },
  });
  resources.use(await listenHttp(app, { host: config.ZAMENI_HOST, port: config.ZAMENI_PORT }));
  logger.info({ port: config.ZAMENI_PORT }, 'projector listens');
}
