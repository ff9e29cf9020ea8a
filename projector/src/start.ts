import { randomUUID } from 'node:crypto';
import { ACCOUNTS_PROJECTION, ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNatsNearLeader,
  createDataKeys,
  createDigests,
  createHeadWatch,
  createPool,
  createRateLimits,
  createRedis,
  createTokenVerifier,
  createTrustedLog,
  listenHttp,
  openKeyRing,
  openPepperRing,
  readCopyStates,
  readSecret,
  readTokenIssuers,
  type ServiceContext,
  systemClock,
  toActorId,
} from '@zameni/runtime';
import { startAuditor } from './audit/start-auditor.ts';
import type { Config } from './config.ts';
import { observeProjector } from './observe-projector.ts';
import { createOperatorApp } from './operator/app.ts';
import { OPERATOR_LIMIT } from './operator/operator-access.ts';
import { createOperatorStore } from './operator/parked-store.ts';
import { createReadModelsStore } from './operator/read-models-store.ts';
import { startReactors } from './start-reactors.ts';
import { createVersionsWork } from './versions/follow-versions.ts';
import { createProjection } from './versions/projection.ts';
import { createVersionStore } from './versions/store.ts';

/**
 * Connections to Postgres: for batches, leases and attempts of the live version and of another one,
 * and the four queries of an eraser.
 */
const POOL_SIZE = 10;

/** Connections for looks at versions, and for copies and comparisons, which take long. */
const VERSIONS_POOL_SIZE = 2;
const LONG_STATEMENT_MS = 110_000;

/** Connections for operators: their requests must not keep leases and batches waiting. */
const OPERATOR_POOL_SIZE = 2;

/** Starts the projector, which reads the log and writes Postgres and Redis. */
export async function startProjector(context: ServiceContext<Config>): Promise<void> {
  const { config, logger, securityLog, resources, signal, fail } = context;
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
  const url = config.ZAMENI_POSTGRES_URL;
  const password = readSecret(config.ZAMENI_POSTGRES_PASSWORD_FILE);
  const openPool = (purpose: string, options: { max: number; queryDeadlineMs?: number }) =>
    resources.adopt(createPool({ url, password, name, purpose, logger, ...options }), (opened) =>
      opened.end(),
    );
  const pool = openPool('projector', { max: POOL_SIZE });
  const { log } = resources.use(
    await createTrustedLog(nc, {
      stream: ACCOUNTS_STREAM.name,
      user: config.ZAMENI_NATS_USER,
      readStates: () => readCopyStates(pool),
      logger,
    }),
  );
  const redis = createRedis({
    url: config.ZAMENI_REDIS_URL,
    password: readSecret(config.ZAMENI_REDIS_PASSWORD_FILE),
    name,
    logger,
  });
  resources.defer(() => redis.disconnect());

  const keyRing = openKeyRing(config.ZAMENI_KEK_FILE, { logger, securityLog });
  const versionsPool = openPool('projector-versions', {
    max: VERSIONS_POOL_SIZE,
    queryDeadlineMs: LONG_STATEMENT_MS,
  });
  const head = resources.use(
    createHeadWatch({ readHead: () => log.head(signal), clock: systemClock }),
  );
  const versionStore = createVersionStore(versionsPool);
  const running = createVersionsWork({
    store: versionStore,
    logger,
    createWork: (version) =>
      createProjection({
        version,
        log,
        head,
        pool,
        redis,
        versions: () => running.versions(),
        versionStore,
        dataKeys: createDataKeys(keyRing),
        holder: `${name}-${randomUUID()}`,
        logger,
      }),
  });
  const stopped = running.run(signal).catch(fail);
  resources.defer(() => stopped);

  const peppers = openPepperRing(config.ZAMENI_PEPPER_FILE, { logger, securityLog });
  const reactors = await startReactors(context, { pool, keyRing, peppers });
  const auditor = await startAuditor(context, pool);

  const operatorPool = openPool('projector-operator', { max: OPERATOR_POOL_SIZE });
  observeProjector(context, { ...reactors, auditor, running, head, pool: operatorPool });
  const operatorStore = createOperatorStore(operatorPool);
  const digests = createDigests(peppers.current());
  const app = createOperatorApp({
    logger,
    logRequests: config.ZAMENI_LOG_REQUESTS,
    security: { log: securityLog, actorOf: (caller) => toActorId(digests, caller) },
    log,
    status: running.status,
    parked: () => {
      return operatorStore.count({ name: ACCOUNTS_PROJECTION, version: running.status().version });
    },
    readModelsStore: createReadModelsStore(operatorPool),
    parkedRoutes: {
      store: operatorStore,
      tokens: createTokenVerifier({
        issuers: readTokenIssuers(config.ZAMENI_JWT_ISSUERS_FILE),
        logger,
      }),
      limits: createRateLimits({ policies: { operator: OPERATOR_LIMIT }, logger }),
      logger,
      actorOf: (caller) => toActorId(digests, caller),
    },
    auditor,
    ...reactors,
    keyRings: { kek: keyRing, pepper: peppers },
    checks: {
      nats: async () => void (await log.head(signal)),
      postgres: async () => void (await pool.query('select 1')),
    },
    degradedChecks: { redis: async () => void (await redis.ping()) },
  });
  resources.use(await listenHttp(app, { host: config.ZAMENI_HOST, port: config.ZAMENI_PORT }));
  logger.info({ port: config.ZAMENI_PORT }, 'service listens');
}
