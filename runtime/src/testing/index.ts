import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { ExecutionContext } from 'ava';
import type { EventLog } from '../log/event-log.ts';
import { createJetStreamLog } from '../log/jetstream.ts';
import { createMemoryLog } from '../log/memory.ts';
import { connectNats, type NatsConnection } from '../log/nats.ts';
import { provisionStream, toStreamConfig } from '../log/provision.ts';
import { readSecret } from '../keys/secret-file.ts';
import { readTestStack, type Stack } from './stack.ts';
import { waitUntil } from './wait.ts';

export { createMemoryLog, readTestStack, type Stack, waitUntil };
export { createManualClock, type ManualClock } from './clock.ts';
export {
  createEmptyTestDatabase,
  createSilentLogger,
  createTestDatabase,
  createTestRedis,
  type TestDatabase,
} from './stores.ts';

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

/** A log of its own for trying things out, and the subjects it takes. */
export type ScratchLog = {
  readonly log: EventLog;
  readonly stream: string;
  readonly subject: (name: string) => string;
  readonly filter: string;
};

/** How a scratch log differs from the real one. */
export type ScratchLogOptions = {
  readonly appendDeadlineMs?: number;
  /** Servers that keep it; as many as of the real one when left out. */
  readonly replicas?: number;
};

const PATIENCE_MS = 30_000;

/** Deadlines of a log's appends and reads in tests that share a busy machine with others. */
export const PATIENT = { appendDeadlineMs: PATIENCE_MS, readDeadlineMs: PATIENCE_MS };

/** An empty stream of its own with the settings of the real one, gone when the test ends. */
export async function createTestLog(
  t: ExecutionContext,
  options: ScratchLogOptions = {},
): Promise<ScratchLog> {
  const scratch = await createScratchLog(await connectTestNats(t, 'admin'), options);
  t.teardown(() => scratch[Symbol.asyncDispose]());
  return scratch;
}

/** An empty stream on a connection of the NATS user `admin`, deleted when it is disposed of. */
export async function createScratchLog(
  nc: NatsConnection,
  { replicas, ...options }: ScratchLogOptions = {},
): Promise<ScratchLog & AsyncDisposable> {
  const id = randomUUID();
  const stream = `TEST_${id}`;
  const filter = `test.${id}.*`;
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const config = toStreamConfig(stream, [filter]);
  await provisionStream(nc, { ...config, num_replicas: replicas ?? config.num_replicas ?? 1 });
  await waitUntil(() => isReachable(nc, `test.${id}.none`), PATIENCE_MS);
  return {
    log: await createJetStreamLog(nc, { stream, user: 'admin', ...PATIENT, ...options }),
    stream,
    subject: (name) => `test.${id}.${name}`,
    filter,
    [Symbol.asyncDispose]: async () => void (await jsm.streams.delete(stream)),
  };
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
