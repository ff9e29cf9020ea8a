import { ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNats,
  createCommitter,
  createDataKeys,
  createDigests,
  createJetStreamLog,
  createPositions,
  createTokenVerifier,
  listenHttp,
  readKeyRing,
  readSecret,
  readTokenIssuers,
  runService,
} from '@zameni/runtime';
import { createApp } from './app.ts';
import { Config } from './config.ts';

await runService({
  name: 'command-api',
  schema: Config,
  start: async ({ config, logger, resources, signal }) => {
    const nc = await connectNats({
      servers: config.ZAMENI_NATS_SERVERS.split(','),
      user: config.ZAMENI_NATS_USER,
      password: readSecret(config.ZAMENI_NATS_PASSWORD_FILE),
      name: config.ZAMENI_INSTANCE,
    });
    resources.defer(() => nc.close());
    const log = await createJetStreamLog(nc, {
      stream: ACCOUNTS_STREAM.name,
      user: config.ZAMENI_NATS_USER,
    });
    const pepper = readKeyRing(config.ZAMENI_PEPPER_FILE);
    const app = createApp({
      logger,
      log,
      committer: resources.use(createCommitter(log, logger)),
      digests: createDigests(pepper),
      dataKeys: createDataKeys(readKeyRing(config.ZAMENI_KEK_FILE)),
      positions: createPositions(readKeyRing(config.ZAMENI_POSITION_KEY_FILE)),
      tokens: createTokenVerifier({
        issuers: readTokenIssuers(config.ZAMENI_JWT_ISSUERS_FILE),
        logger,
      }),
      checks: { log: async () => void (await log.head(signal)) },
    });
    resources.use(await listenHttp(app, { host: config.ZAMENI_HOST, port: config.ZAMENI_PORT }));
  },
});
