import { randomUUID } from 'node:crypto';
import { ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  createSecureDeletion,
  type Pool,
  readSecret,
  type ServiceContext,
} from '@zameni/runtime';
import type { Config } from './config.ts';
import { createEraser } from './eraser.ts';
import { createPostgresEraserStore } from './eraser-store-postgres.ts';
import type { LeasedWork } from './leased-work.ts';

/** The eraser has a checkpoint like a projection; another version would forget everything anew. */
const ERASER = { projection: 'eraser', version: 1 } as const;

/** Milliseconds after which a lease that is not renewed runs out; one deletion may be slow. */
const LEASE_MS = 10_000;

/**
 * Starts the eraser on a connection of its own: its user may read claims and delete, and nothing else
 * in this process may.
 */
export async function startEraser(
  { config, logger, resources, signal, fail }: ServiceContext<Config>,
  pool: Pool,
): Promise<Pick<LeasedWork, 'status'>> {
  const user = config.ZAMENI_ERASER_NATS_USER;
  const nc = await connectNats({
    servers: config.ZAMENI_NATS_SERVERS.split(','),
    user,
    password: readSecret(config.ZAMENI_ERASER_NATS_PASSWORD_FILE),
    name: `${config.ZAMENI_INSTANCE}-eraser`,
  });
  resources.defer(() => nc.close());
  const stream = ACCOUNTS_STREAM.name;
  const log = await createJetStreamLog(nc, { stream, user });
  const holder = `${config.ZAMENI_INSTANCE}-${randomUUID()}`;
  const eraser = createEraser({
    log,
    deletion: createSecureDeletion({ nc, log }, { stream, user }),
    store: createPostgresEraserStore(pool, { ...ERASER, holder, leaseMs: LEASE_MS }),
    logger,
  });
  const stopped = eraser.run(signal).catch(fail);
  resources.defer(() => stopped);
  return eraser;
}
