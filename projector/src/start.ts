import { randomUUID } from 'node:crypto';
import { ACCOUNTS_PROJECTION, ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNatsNearLeader,
  createDataKeys,
  createJetStreamLog,
  createPool,
  createRedis,
  listenHttp,
  openKeyRing,
  openPepperRing,
  readSecret,
  type ServiceContext,
  viewCacheKeys,
} from '@zameni/runtime';
import { createCacheFeed } from './cache/feed.ts';
import { createViewCacheWriter } from './cache/writer.ts';
import type { Config } from './config.ts';
import { createProjection } from './follow/follow-log.ts';
import { createPeopleKeys } from './keys/people-keys.ts';
import { createOperatorApp } from './operator-app.ts';
import { createAttemptHousekeeping } from './read-models/attempts/housekeeping.ts';
import { createAttemptStore } from './read-models/attempts/rows.ts';
import { createPostgresStore } from './read-models/store-postgres.ts';
import { startEraser } from './start-reactors.ts';

/** Connections to Postgres: one for batches, three for lease, attempts, status and health. */
const POOL_SIZE = 4;

/** People whose opened data keys are cached, about 0.3 KB each. */
const MAX_KEYS = 50_000;

/** Milliseconds until a lease that is not renewed expires. */
const LEASE_MS = 3_000;

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
  const pool = createPool({
    url: config.ZAMENI_POSTGRES_URL,
    password: readSecret(config.ZAMENI_POSTGRES_PASSWORD_FILE),
    max: POOL_SIZE,
    name,
    logger,
  });
  resources.defer(() => pool.end());
  const redis = createRedis({
    url: config.ZAMENI_REDIS_URL,
    password: readSecret(config.ZAMENI_REDIS_PASSWORD_FILE),
    name,
    logger,
  });
  resources.defer(() => redis.disconnect());

  const { name: projection, version } = ACCOUNTS_PROJECTION;
  const owner = { projection, version, holder: `${name}-${randomUUID()}`, leaseMs: LEASE_MS };
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
  const { eraser, ...movers } = await startEraser(context, { pool, keyRing, peppers });

  const app = createOperatorApp({
    logger,
    log,
    status: running.status,
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
