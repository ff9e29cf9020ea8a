import { ACCOUNTS_STREAM } from '@zameni/contracts';
import {
  connectNats,
  createJetStreamLog,
  createLogger,
  createPool,
  readSecret,
  renewIncarnation,
} from '@zameni/runtime';
import type { Stack } from '@zameni/runtime/stack';
import { CommandError } from '../framework/command.ts';
import { adoptLog, type AdoptReport, type AdoptRun } from './adopt.ts';

/** Connects to log and database of a stack and adopts the log. */
export async function adoptLogOf(stack: Stack, run: AdoptRun): Promise<AdoptReport> {
  const { nats, postgres } = stack;
  const login = nats.users['admin'];
  if (login === undefined) throw new CommandError('failed', 'the stack has no NATS user admin');
  const nc = await connectNats({
    servers: nats.servers,
    user: login.user,
    password: readSecret(login.passwordFile),
    name: 'zameni log',
  });
  const pool = createPool({
    // The owner of the tables. Directly, because what a version is made of is one long text.
    url: `postgres://${postgres.projector.user}@${postgres.primary.host}:${postgres.primary.port}/${postgres.database}`,
    password: readSecret(postgres.projector.passwordFile),
    max: 1,
    name: 'zameni log',
    logger: createLogger({ service: 'cli', instance: 'log', level: 'silent' }),
  });
  try {
    const { name: stream } = ACCOUNTS_STREAM;
    const log = await createJetStreamLog(nc, { stream, user: login.user });
    return await adoptLog({ log, pool, renewIncarnation: () => renewIncarnation(nc, stream) }, run);
  } finally {
    await pool.end();
    await nc.close();
  }
}
