import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { connectNats, migrate, provisionStream } from '@zameni/runtime';
import { readPassword } from '../profile/layout.ts';
import { REPOSITORY } from '../profile/names.ts';
import type { PartContext } from './context.ts';
import { NATS_PARTS } from './nats/part.ts';
import { DATABASE } from './postgres/pgbouncer-config.ts';

/** Creates the log's stream, or brings its settings up to date. */
export async function provisionLog(
  { ports, layout }: PartContext,
  signal: AbortSignal,
): Promise<void> {
  const connection = await connectNats({
    servers: ports.natsClient.map((port) => `127.0.0.1:${port}`),
    user: 'admin',
    password: await readPassword(layout.secrets.natsUsers.admin),
    name: 'provision',
  });
  // Closing the connection ends a request in progress.
  const stop = () => void connection.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    // All servers share one disk here.
    const { bavail, bsize } = await statfs(layout.root);
    await provisionStream(connection, undefined, (bavail * bsize) / NATS_PARTS.length);
  } catch (fault) {
    signal.throwIfAborted();
    throw fault;
  } finally {
    signal.removeEventListener('abort', stop);
    await connection.close();
  }
}

/**
 * Applies the migrations and creates the first version of the read models, directly on the primary, because they need a session.
 */
export async function provisionReadModels(
  { ports, layout }: PartContext,
  signal: AbortSignal,
): Promise<void> {
  await migrate({
    url: `postgres://zameni_projector@127.0.0.1:${ports.postgresPrimary}/${DATABASE}`,
    password: await readPassword(layout.secrets.postgresProjector),
    directory: join(REPOSITORY, 'projector', 'migrations'),
    readModels: join(REPOSITORY, 'projector', 'read-models'),
    signal,
  });
}
