import type { EventLog } from '@zameni/runtime';
import {
  createMemoryLog,
  createSilentLogger,
  createTestDatabase,
  type TestDatabase,
  waitUntil,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { FIRST_VERSION, createTestDataKeys, registeredMessages } from '../accounts.fixture.ts';
import { createPeopleKeys } from '../keys/people-keys.ts';
import type { LeasedWork } from '../lease/work.ts';
import type { ProjectionStore } from '../read-models/store.ts';
import { createPostgresStore } from '../read-models/store-postgres.ts';
import { createTestProjection } from './projection.fixture.ts';

const dataKeys = createTestDataKeys();
const { signal } = new AbortController();

/** Expires while its holder does nothing. */
const SHORT_LEASE_MS = 200;
/** The process that took over keeps it, however busy the machine is. */
const LONG_LEASE_MS = 60_000;

function start(
  t: ExecutionContext,
  log: EventLog,
  { pool }: TestDatabase,
  holder: string,
  leaseMs: number,
  bend: (store: ProjectionStore) => ProjectionStore = (store) => store,
): { projection: LeasedWork; stop: () => Promise<void> } {
  const stopping = new AbortController();
  const running = createTestProjection({
    log,
    store: bend(createPostgresStore(pool, { ...FIRST_VERSION, holder, leaseMs })),
    keys: createPeopleKeys({ log, dataKeys }, { maxKeys: 100 }),
    logger: createSilentLogger(),
    standbyMs: 20,
    idleMs: 50,
  });
  const ended = running.run(stopping.signal);
  const stop = () => {
    stopping.abort();
    return ended;
  };
  t.teardown(stop);
  return { projection: running, stop };
}

async function countUsers({ pool }: TestDatabase): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    'select count(*)::integer as n from accounts_v1.users',
  );
  return rows[0]?.n ?? 0;
}

test('a standby takes over from a process that stops, and nothing is lost', async (t) => {
  const database = await createTestDatabase(t);
  const log = createMemoryLog();
  const first = start(t, log, database, 'a', LONG_LEASE_MS);
  await waitUntil(() => first.projection.status().state === 'active');
  const second = start(t, log, database, 'b', LONG_LEASE_MS);
  for (let n = 0; n < 20; n += 1) {
    await log.append(registeredMessages(n, dataKeys), signal);
    if (n === 10) await first.stop();
  }
  await waitUntil(() => second.projection.status().position === 60);
  t.is(second.projection.status().state, 'active');
  t.is(await countUsers(database), 20);
});

test('a process that froze before its batch applies nothing once another took over', async (t) => {
  const database = await createTestDatabase(t);
  const log = createMemoryLog();
  const frozen = Promise.withResolvers<void>();
  const late = Promise.withResolvers<boolean>();
  const first = start(t, log, database, 'a', SHORT_LEASE_MS, (store) => ({
    ...store,
    renewLease: async () => {
      await frozen.promise;
      return store.renewLease(0);
    },
    apply: async (batch) => {
      await frozen.promise;
      const applied = await store.apply(batch);
      late.resolve(applied !== undefined);
      return applied;
    },
  }));
  await waitUntil(() => first.projection.status().state === 'active');
  await log.append(registeredMessages(1, dataKeys), signal);
  const second = start(t, log, database, 'b', LONG_LEASE_MS);
  await waitUntil(async () => (await countUsers(database)) === 1);
  t.is(second.projection.status().state, 'active');
  frozen.resolve();
  t.false(await late.promise);
  await waitUntil(() => first.projection.status().state === 'standby');
});
