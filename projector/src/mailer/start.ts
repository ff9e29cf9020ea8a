import { randomUUID } from 'node:crypto';
import { ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNatsNearLeader,
  createAttemptKeys,
  createDataKeys,
  createDigests,
  createHeadWatch,
  createPool,
  createPositions,
  createRateLimits,
  createTokenVerifier,
  createTrustedLog,
  createVerificationTokens,
  DEADLINES,
  deriveFromRing,
  listenHttp,
  openKeyRing,
  openPepperRing,
  readCopyStates,
  readSecret,
  readTokenIssuers,
  type ServiceContext,
  systemClock,
  toActorId,
  toClaimLayout,
} from '@zameni/runtime';
import { createLeasedWork, type LeasedRun } from '../lease/work.ts';
import { OPERATOR_LIMIT } from '../operator/operator-access.ts';
import { type MailerConfig, parseMailBudget, parseMailStart } from './config.ts';
import { followCauses } from './follow/follow.ts';
import { createFollowMetrics } from './follow/metrics.ts';
import { createPostgresLedger } from './ledger/store.ts';
import { observeMailer } from './observe-mailer.ts';
import { createMailerApp } from './operator/app.ts';
import { createMessageStore } from './operator/message-store.ts';
import { createRenderer } from './render/renderer.ts';
import { createOpenAttempts } from './send/attempts-on-mailbox.ts';
import { deliver, type DeliverDeps } from './send/deliver.ts';
import { createHand } from './send/hand.ts';
import { measureDeliver } from './send/measured-deliver.ts';
import { createSender } from './send/sender.ts';
import { createUnmadeLog } from './send/unmade-log.ts';
import { toSmtpOptions } from './smtp/config.ts';
import { createSmtpSender } from './smtp/sender.ts';

/** Connections to Postgres: the lease, the notes of the log, taking and finishing mails. */
const POOL_SIZE = 6;

/** Connections for operators: their requests must not keep mails and leases waiting. */
const OPERATOR_POOL_SIZE = 2;

/** Mails under way beside those that hold a connection: looked up, or waiting for a connection. */
const AHEAD = 8;

/** Starts the mailer, which reads the log and sends mails. */
export async function startMailer(context: ServiceContext<MailerConfig>): Promise<void> {
  const { config, logger, securityLog, resources, signal, fail } = context;
  // First, because it lists what is wrong with these settings.
  const smtpOptions = toSmtpOptions(config);
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
  const openPool = (purpose: string, max: number) =>
    resources.adopt(createPool({ url, password, max, name, purpose, logger }), (opened) =>
      opened.end(),
    );
  const pool = openPool('mailer', POOL_SIZE);
  const { log } = resources.use(
    await createTrustedLog(nc, {
      stream: ACCOUNTS_STREAM.name,
      user: config.ZAMENI_NATS_USER,
      readStates: () => readCopyStates(pool),
      logger,
    }),
  );
  const operatorPool = openPool('mailer-operator', OPERATOR_POOL_SIZE);
  const keyRings = {
    kek: openKeyRing(config.ZAMENI_KEK_FILE, { logger, securityLog }),
    attempt: openKeyRing(config.ZAMENI_ATTEMPT_KEY_FILE, { logger, securityLog }),
    verification: openKeyRing(config.ZAMENI_VERIFICATION_KEY_FILE, { logger, securityLog }),
    position: openKeyRing(config.ZAMENI_POSITION_KEY_FILE, { logger, securityLog }),
    pepper: openPepperRing(config.ZAMENI_PEPPER_FILE, { logger, securityLog }),
  };
  const now = () => new Date();
  const smtp = resources.use(createSmtpSender(smtpOptions));
  // At once, because mails under way are waited for before anything is released.
  signal.addEventListener('abort', () => void smtp.close(), { once: true });
  const ledger = createPostgresLedger(pool, {
    projection: 'mailer',
    version: 1,
    holder: `${name}-${randomUUID()}`,
    leaseMs: DEADLINES.lease,
  });
  const deps: DeliverDeps = {
    log,
    attempts: createOpenAttempts(pool),
    attemptKeys: createAttemptKeys(keyRings.attempt),
    dataKeys: createDataKeys(keyRings.kek),
    claims: deriveFromRing(keyRings.pepper, toClaimLayout),
    tokens: createVerificationTokens(keyRings.verification, {
      positions: createPositions(keyRings.position),
      now,
    }),
    product: config.ZAMENI_MAIL_PRODUCT,
    baseUrl: config.ZAMENI_MAIL_BASE_URL,
    linkLifetimeMs: config.ZAMENI_MAIL_LINK_LIFETIME_SECONDS * 1_000,
    from: config.ZAMENI_MAIL_FROM,
    smtp,
    render: await createRenderer(),
    hand: createHand(ledger),
    unmade: resources.use(createUnmadeLog(logger)),
    now,
  };
  const sender = createSender({
    ledger,
    deliver: measureDeliver((message, end) => deliver(deps, message, end), { now }),
    budget: parseMailBudget(config.ZAMENI_MAIL_BUDGET),
    maxInFlight: config.ZAMENI_SMTP_CONNECTIONS + AHEAD,
    ahead: AHEAD,
    maxSlow: smtpOptions.maxSlow,
    slowMs: smtpOptions.slowMs,
    logger,
  });
  const head = resources.use(
    createHeadWatch({ readHead: () => log.head(signal), clock: systemClock }),
  );
  const metrics = resources.use(
    createFollowMetrics({ head, isActive: () => running.status().state === 'active' }),
  );

  /** Follows the log and sends, until one of them ends. */
  async function work(run: LeasedRun): Promise<void> {
    const from = run.from >= 0 ? run.from : await begin(run.signal);
    const ending = new AbortController();
    const end = AbortSignal.any([run.signal, ending.signal]);
    const both = [
      followCauses(
        { log, ledger, head, metrics, onAdded: sender.wake },
        { ...run, from, signal: end },
      ),
      sender.run(end),
    ];
    try {
      await Promise.race(both);
    } finally {
      ending.abort();
      await Promise.allSettled(both);
    }
  }

  /** The position after which a mailer that never ran reads. */
  async function begin(end: AbortSignal): Promise<number> {
    const start = parseMailStart(config.ZAMENI_MAIL_START);
    const position = start === 'now' ? await log.head(end) : start;
    await ledger.begin(position);
    return position;
  }

  const running = createLeasedWork({
    name: 'mailer',
    store: ledger,
    work,
    movesCheckpoint: true,
    logger,
  });
  const stopped = running.run(signal).catch(fail);
  resources.defer(() => stopped);
  const digests = createDigests(keyRings.pepper.current());
  const store = createMessageStore(operatorPool);
  observeMailer(context, { running, messages: store, ledger });
  const app = createMailerApp({
    logger,
    logRequests: config.ZAMENI_LOG_REQUESTS,
    security: { log: securityLog, actorOf: (caller) => toActorId(digests, caller) },
    keyRings,
    log,
    status: running.status,
    messages: {
      store,
      tokens: createTokenVerifier({
        issuers: readTokenIssuers(config.ZAMENI_JWT_ISSUERS_FILE),
        logger,
      }),
      limits: createRateLimits({ policies: { operator: OPERATOR_LIMIT }, logger }),
      logger,
      actorOf: (caller) => toActorId(digests, caller),
      wake: sender.wake,
    },
    checks: {
      nats: async () => void (await log.head(signal)),
      postgres: async () => void (await pool.query('select 1')),
    },
  });
  resources.use(await listenHttp(app, { host: config.ZAMENI_HOST, port: config.ZAMENI_PORT }));
  logger.info({ port: config.ZAMENI_PORT }, 'service listens');
}
