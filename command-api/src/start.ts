import { ACCOUNTS_PROJECTION, ACCOUNTS_STREAM, type CountedLimit } from '@zameni/contracts';
import {
  connectNatsNearLeader,
  createAttemptKeys,
  createDataKeys,
  createDigests,
  createIncarnationWatch,
  createLiveVersion,
  createPool,
  createPositions,
  createRateLimits,
  createRedis,
  createRegistrationIds,
  createTokenVerifier,
  createTrustedLog,
  createVerificationTokens,
  createViewCache,
  listenHttp,
  openKeyRing,
  openPepperRing,
  parsePolicy,
  parseTrustedProxies,
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
import { createAppendAlone } from './commit/append-alone.ts';
import { createClaimLayouts } from './commit/claim-layouts.ts';
import { createCommitter } from './commit/committer.ts';
import { createPublicRecords } from './commit/public-records.ts';
import { createTurns } from './commit/turns.ts';
import type { Config } from './config.ts';
import { createReplicaPosition } from './http/replica-position.ts';
import { createUntilErased } from './http/until-erased.ts';
import { createUntilReadable } from './http/until-readable.ts';
import { createLoadAccount } from './log/account-reader.ts';
import { createLoadAttempt } from './log/attempt-reader.ts';
import { createLogRoom } from './log/room.ts';
import { watchAppends } from './log/silence.ts';

/** Connections of one process to the primary, which waiting commands poll. */
const POOL_SIZE = 4;

/** Starts the command API: routes, the log with its committers, and limits on Redis. */
export async function startCommandApi(context: ServiceContext<Config>): Promise<void> {
  const { config, logger, securityLog, resources, leaving, signal } = context;
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
  const pool = resources.adopt(
    createPool({
      url: config.ZAMENI_POSTGRES_URL,
      password: readSecret(config.ZAMENI_POSTGRES_PASSWORD_FILE),
      max: POOL_SIZE,
      name,
      purpose: 'command-api',
      logger,
    }),
    (opened) => opened.end(),
  );
  const replicaPool = resources.adopt(
    createPool({
      url: config.ZAMENI_POSTGRES_REPLICA_URL,
      password: readSecret(config.ZAMENI_POSTGRES_PASSWORD_FILE),
      max: 1,
      name,
      logger,
    }),
    (opened) => opened.end(),
  );
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
  const trusted = resources.use(
    await createTrustedLog(nc, {
      stream: ACCOUNTS_STREAM.name,
      user: config.ZAMENI_NATS_USER,
      readStates: () => readCopyStates(pool),
      logger,
    }),
  );
  const { log, isSilent } = watchAppends(trusted.log);
  const live = resources.use(
    createLiveVersion({ read: () => readLiveCheckpoint(pool), clock: systemClock }),
  );
  const cache = createViewCache({
    redis,
    keys: (modelVersion) => viewCacheKeys(ACCOUNTS_PROJECTION, modelVersion),
    liveVersion: live.current,
    logger,
  });
  const keyRings = {
    kek: openKeyRing(config.ZAMENI_KEK_FILE, { logger, securityLog }),
    verification: openKeyRing(config.ZAMENI_VERIFICATION_KEY_FILE, { logger, securityLog }),
    position: openKeyRing(config.ZAMENI_POSITION_KEY_FILE, { logger, securityLog }),
    registration: openKeyRing(config.ZAMENI_REGISTRATION_ID_KEY_FILE, { logger, securityLog }),
    attempt: openKeyRing(config.ZAMENI_ATTEMPT_KEY_FILE, { logger, securityLog }),
  };
  const peppers = openPepperRing(config.ZAMENI_PEPPER_FILE, { logger, securityLog });
  const digests = createDigests(peppers.current());
  const claimLayouts = createClaimLayouts(peppers);
  const dataKeys = createDataKeys(keyRings.kek);
  const attemptKeys = createAttemptKeys(keyRings.attempt);
  const incarnation = resources.use(
    createIncarnationWatch({ read: () => log.incarnation(signal), clock: systemClock }),
  );
  // A log without a leader is waited for no longer than one look takes.
  await incarnation.looked;
  const room = resources.use(
    createLogRoom(
      { log, pool, logger },
      {
        publicPercent: config.ZAMENI_ATTEMPTS_LOG_PERCENT,
        vouchedPercent: config.ZAMENI_VOUCHED_LOG_PERCENT,
        maxLiveAttempts: config.ZAMENI_MAX_LIVE_ATTEMPTS,
      },
    ),
  );
  const publicCommitter = resources.use(createCommitter(log, logger, { name: 'public' }));
  const app = createApp({
    logger,
    logRequests: config.ZAMENI_LOG_REQUESTS,
    leaving,
    trustedProxies: parseTrustedProxies(config.ZAMENI_TRUSTED_PROXIES),
    security: { log: securityLog, actorOf: (caller) => toActorId(digests, caller) },
    keyRings: { ...keyRings, pepper: claimLayouts },
    log,
    isLogSilent: isSilent,
    committer: resources.use(createCommitter(log, logger, { name: 'commands' })),
    loadAccount: createLoadAccount({ log, dataKeys }),
    loadAttempt: createLoadAttempt({ log, attemptKeys }),
    inTurn: createTurns(),
    attemptKeys,
    attemptLifetimeMs: config.ZAMENI_ATTEMPT_LIFETIME_SECONDS * 1_000,
    publicRecords: createPublicRecords(publicCommitter),
    appendAlone: createAppendAlone(log, logger),
    room,
    digests,
    registrationIds: createRegistrationIds(keyRings.registration),
    claimLayouts,
    dataKeys,
    verificationTokens: createVerificationTokens(keyRings.verification, {
      // A link outlives a restore of the log: its attempt is found, or is not.
      positions: createPositions(keyRings.position),
      now: () => new Date(),
    }),
    positions: createPositions(keyRings.position, incarnation.current),
    tokens: createTokenVerifier({
      issuers: readTokenIssuers(config.ZAMENI_JWT_ISSUERS_FILE),
      logger,
    }),
    limits: createRateLimits<CountedLimit<'command-api'>>({
      policies: {
        client: parsePolicy(config.ZAMENI_LIMIT_CLIENT),
        destructive: parsePolicy(config.ZAMENI_LIMIT_DESTRUCTIVE),
      },
      redis: counters,
      logger,
    }),
    untilReadable: createUntilReadable({ cache, pool, stopping: signal }),
    untilErased: createUntilErased({
      pool,
      log,
      replicaPosition: createReplicaPosition(replicaPool),
      stopping: signal,
    }),
    stopping: signal,
    // Every process shares its servers. Taken out of the gateway for their loss, none would be left
    // to answer, and the election of a leader would be an outage.
    checks: {},
    // Without the log a command is answered 503 by itself. Without the cache a wait for readability
    // asks Postgres. Without the counters limits are local. Without Postgres `DELETE` cannot see that
    // the erasure is done, so it is answered 503, and the erasure continues.
    degradedChecks: {
      log: async () => void (await log.head(signal)),
      redis: async () => void (await redis.ping()),
      'redis-counters': async () => void (await counters.ping()),
      postgres: async () => void (await pool.query('select 1')),
    },
  });
  resources.use(await listenHttp(app, { host: config.ZAMENI_HOST, port: config.ZAMENI_PORT }));
  logger.info({ port: config.ZAMENI_PORT }, 'service listens');
}
