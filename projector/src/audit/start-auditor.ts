import { randomUUID } from 'node:crypto';
import { ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNatsAnywhere,
  createLookAtServers,
  createOpenCopy,
  createReadLogServers,
  createStepDown,
  DEADLINES,
  type Pool,
  readSecret,
  type ServiceContext,
} from '@zameni/runtime';
import type { Config } from '../config.ts';
import { type Auditor, createAuditor } from './auditor.ts';
import { createPostgresAuditorStore } from './store.ts';

/** A lease without a checkpoint: an auditor looks at everything again. */
const AUDITOR = { projection: 'auditor', version: 1 } as const;

/**
 * Starts the auditor on a connection of its own. Its user may ask the leader of the log to hand
 * over, which nothing else in this process may.
 */
export async function startAuditor(
  { config, logger, resources, signal, fail }: ServiceContext<Config>,
  pool: Pool,
): Promise<Auditor> {
  const user = config.ZAMENI_AUDITOR_NATS_USER;
  const servers = config.ZAMENI_NATS_SERVERS.split(',');
  const stream = ACCOUNTS_STREAM.name;
  const nc = await connectNatsAnywhere(
    {
      servers,
      user,
      password: readSecret(config.ZAMENI_AUDITOR_NATS_PASSWORD_FILE),
      name: `${config.ZAMENI_INSTANCE}-auditor`,
    },
    stream,
  );
  resources.defer(() => nc.close());
  const monitor = {
    user: config.ZAMENI_MONITOR_NATS_USER,
    password: readSecret(config.ZAMENI_MONITOR_NATS_PASSWORD_FILE),
  };
  const watched = servers.map((address) => ({ address, ...monitor }));
  const auditor = createAuditor({
    lookAtServers: createLookAtServers(watched, stream),
    openCopy: createOpenCopy({ nc, stream, user }),
    servers: createReadLogServers(nc, { stream, user }),
    stepDown: createStepDown(nc, { stream, user }),
    store: createPostgresAuditorStore(pool, {
      ...AUDITOR,
      holder: `${config.ZAMENI_INSTANCE}-${randomUUID()}`,
      leaseMs: DEADLINES.lease,
    }),
    logger,
  });
  const stopped = auditor.run(signal).catch(fail);
  resources.defer(() => stopped);
  return auditor;
}
