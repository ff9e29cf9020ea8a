import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { ExecutionContext } from 'ava';
import type { EventLog } from './event-log.ts';
import { createJetStreamLog } from './event-log-jetstream.ts';
import { createMemoryLog } from './event-log-memory.ts';
import { connectNats, type NatsConnection } from './nats.ts';
import { provisionStream, toStreamConfig } from './provision.ts';
import { readSecret } from './secrets.ts';
import { readTestStack, type Stack } from './testing-stack.ts';
import { waitUntil } from './testing-wait.ts';

export { createMemoryLog, readTestStack, type Stack, waitUntil };
export { createManualClock, type ManualClock } from './testing-clock.ts';
export {
  createEmptyTestDatabase,
  createSilentLogger,
  createTestDatabase,
  createTestRedis,
  type TestDatabase,
} from './testing-stores.ts';

/** A connection as one of the stack's NATS users, closed when the test ends. */
export async function connectTestNats(t: ExecutionContext, user: string): Promise<NatsConnection> {
  const { nats } = await readTestStack();
  const login = nats.users[user];
  if (login === undefined) throw new Error(`the stack has no NATS user ${user}`);
  const nc = await connectNats({
    servers: nats.servers,
    user,
    password: readSecret(login.passwordFile),
    name: t.title,
  });
  t.teardown(() => nc.close());
  return nc;
}

/** An empty stream of its own with the settings of the real one, gone when the test ends. */
export async function createTestLog(
  t: ExecutionContext,
  options: { readonly appendDeadlineMs?: number } = {},
): Promise<{ log: EventLog; stream: string; subject: (name: string) => string; filter: string }> {
  const nc = await connectTestNats(t, 'admin');
  const id = randomUUID();
  const stream = `TEST_${id}`;
  const filter = `test.${id}.*`;
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  await provisionStream(nc, toStreamConfig(stream, [filter]));
  t.teardown(() => jsm.streams.delete(stream));
  await waitUntil(() => isReachable(nc, `test.${id}.none`));
  const log = await createJetStreamLog(nc, { stream, user: 'admin', ...options });
  return { log, stream, subject: (name) => `test.${id}.${name}`, filter };
}

/**
 * Whether appends reach the leader of a stream: a new stream's subjects take a moment to be known on
 * every server. Asked with a message that the leader must refuse, so that nothing is stored.
 */
async function isReachable(nc: NatsConnection, subject: string): Promise<boolean> {
  const refused = headers();
  refused.set('Nats-Expected-Stream', 'NONE');
  try {
    await nc.request(subject, '', { headers: refused, timeout: 1_000 });
    return true;
  } catch {
    // Nobody there yet, or no leader: ask again.
    return false;
  }
}
