import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { ExecutionContext } from 'ava';
import type { EventLog } from '../log/event-log.ts';
import { createJetStreamLog } from '../log/jetstream.ts';
import { createMemoryLog } from '../log/memory.ts';
import { connectNats, type NatsConnection } from '../log/connect/nats.ts';
import { observeLog } from '../log/observed-log.ts';
import { provisionStream, toStreamConfig } from '../log/provision.ts';
import { readSecret } from '../keys/secret-file.ts';
import { readTestStack, type Stack } from './stack.ts';
import { insist, PATIENCE_MS, waitUntil } from './wait.ts';

export { createMemoryLog, observeLog, readTestStack, type Stack, insist, PATIENCE_MS, waitUntil };
export { createTestPool, openSuperuserPool } from './pools.ts';
export { createSilentLogger } from './silent-logger.ts';
export { measureCpuMs } from './cpu-time.ts';
export { createDatabaseError } from './database-error.ts';
export { findFreePort, findFreePorts } from './free-ports.ts';
export { createManualClock, type ManualClock } from './clock.ts';
export {
  assertCatalogued,
  collectTelemetry,
  type CollectedSpan,
  type CollectedTelemetry,
  inTrace,
  toTraceparent,
} from './telemetry.ts';
export {
  createEmptyTestDatabase,
  createTestDatabase,
  connectTestRedis,
  openRedisOf,
  type TestDatabase,
} from './stores.ts';

/** Connects as one of the stack's NATS users. The connection is closed when the test ends. */
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

/** A separate log for experiments, and the subjects that it takes. */
export type ScratchLog = {
  readonly log: EventLog;
  readonly stream: string;
  readonly subject: (name: string) => string;
  readonly filter: string;
};

/** Differences of a scratch log from the real one. */
export type ScratchLogOptions = {
  readonly appendDeadlineMs?: number;
  /** Servers that store it. The default is that of the real log. */
  readonly replicas?: number;
};

/** Deadlines of appends and reads in tests that share a busy machine with others. */
export const PATIENT = { appendDeadlineMs: PATIENCE_MS, readDeadlineMs: PATIENCE_MS };

/** Creates an empty stream with the settings of the real one. It is deleted when the test ends. */
export async function createTestLog(
  t: ExecutionContext,
  options: ScratchLogOptions = {},
): Promise<ScratchLog> {
  const scratch = await createScratchLog(await connectTestNats(t, 'admin'), options);
  t.teardown(() => scratch[Symbol.asyncDispose]());
  return scratch;
}

/** Creates an empty stream as NATS user `admin`. Disposing the result deletes the stream. */
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
  const log = await createJetStreamLog(nc, { stream, user: 'admin', ...PATIENT, ...options });
  // Servers learn of a new stream one after another, for reads too.
  await waitUntil(() => isReadable(log, filter), PATIENCE_MS);
  return {
    log,
    stream,
    subject: (name) => `test.${id}.${name}`,
    filter,
    [Symbol.asyncDispose]: async () => void (await jsm.streams.delete(stream)),
  };
}

/** Returns whether a read finds the stream. */
async function isReadable(log: EventLog, filter: string): Promise<boolean> {
  return log.readFirst(filter, AbortSignal.timeout(PATIENCE_MS)).then(
    () => true,
    () => false,
  );
}

/**
 * Returns whether appends reach the leader of a stream, because servers learn the subjects of a new
 * stream one after another. The leader must refuse the probe, so nothing is stored.
 */
async function isReachable(nc: NatsConnection, subject: string): Promise<boolean> {
  const refused = headers();
  refused.set('Nats-Expected-Stream', 'NONE');
  try {
    await nc.request(subject, '', { headers: refused, timeout: 1_000 });
    return true;
  } catch {
    // No stream or no leader yet. The caller asks again.
    return false;
  }
}
