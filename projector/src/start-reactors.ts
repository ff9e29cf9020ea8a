import { randomUUID } from 'node:crypto';
import { ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNatsAnywhere,
  createDataKeys,
  createReadLogServers,
  createSecureDeletion,
  createTrustedLog,
  DEADLINES,
  deriveFromRing,
  type KeyRingSource,
  type PepperRing,
  type Pool,
  readCopyStates,
  readSecret,
  type ServiceContext,
  toClaimLayout,
} from '@zameni/runtime';
import type { Config } from './config.ts';
import { createEraser, type Eraser } from './erasure/eraser.ts';
import { createPostgresEraserStore } from './erasure/store-postgres.ts';
import { createPostgresLeaseStore } from './lease/store.ts';
import { createReclaimer, type Reclaimer } from './rotation/reclaimer.ts';
import { createRewrapper, type Rewrapper } from './rotation/rewrapper.ts';

/** Leases without a checkpoint: the remaining work follows from key rings and log. */
const ERASER = { projection: 'eraser', version: 1 } as const;
const REWRAPPER = { projection: 'rewrapper', version: 1 } as const;
const RECLAIMER = { projection: 'reclaimer', version: 1 } as const;

/** The workers that use the log as the NATS user that may delete from it. */
export type Reactors = {
  readonly eraser: Eraser;
  readonly rewrapper: Rewrapper;
  readonly reclaimer: Reclaimer;
};

/** Where the workers keep their leases, and the rings they follow. */
export type ReactorsDeps = {
  readonly pool: Pool;
  readonly keyRing: KeyRingSource;
  readonly peppers: KeyRingSource<PepperRing>;
};

/**
 * Starts eraser, re-wrapper and reclaimer on a connection of their own. Its user may delete, and
 * may append keys, claims and attempts. Nothing else in this process has these rights.
 */
export async function startReactors(
  { config, logger, resources, signal, fail }: ServiceContext<Config>,
  { pool, keyRing, peppers }: ReactorsDeps,
): Promise<Reactors> {
  const user = config.ZAMENI_ERASER_NATS_USER;
  const stream = ACCOUNTS_STREAM.name;
  const nc = await connectNatsAnywhere(
    {
      servers: config.ZAMENI_NATS_SERVERS.split(','),
      user,
      password: readSecret(config.ZAMENI_ERASER_NATS_PASSWORD_FILE),
      name: `${config.ZAMENI_INSTANCE}-eraser`,
    },
    stream,
  );
  resources.defer(() => nc.close());
  // What a damaged leader lacks looks as if it was deleted.
  const { log } = resources.use(
    await createTrustedLog(nc, { stream, user, readStates: () => readCopyStates(pool), logger }),
  );
  const deletion = createSecureDeletion({ nc, log }, { stream, user });
  const holder = `${config.ZAMENI_INSTANCE}-${randomUUID()}`;
  const owned = { holder, leaseMs: DEADLINES.lease };
  const eraser = createEraser({
    log,
    deletion,
    servers: createReadLogServers(nc, { stream, user }),
    claims: deriveFromRing(peppers, toClaimLayout),
    now: () => new Date(),
    store: createPostgresEraserStore(pool, { ...ERASER, ...owned }),
    logger,
  });
  const rewrapper = createRewrapper({
    log,
    deletion,
    keyRing,
    dataKeys: createDataKeys(keyRing),
    store: createPostgresLeaseStore(pool, { ...REWRAPPER, ...owned }),
    logger,
  });
  const reclaimer = createReclaimer({
    log,
    deletion,
    peppers,
    now: () => new Date(),
    store: createPostgresLeaseStore(pool, { ...RECLAIMER, ...owned }),
    logger,
  });
  for (const work of [eraser, rewrapper, reclaimer]) {
    const stopped = work.run(signal).catch(fail);
    resources.defer(() => stopped);
  }
  return { eraser, rewrapper, reclaimer };
}
