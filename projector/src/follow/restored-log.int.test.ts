import type { EventLog, TimedRecord } from '@zameni/runtime';
import {
  createMemoryLog,
  createSilentLogger,
  createTestDatabase,
  type TestDatabase,
  waitUntil,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createTestDataKeys, FIRST_VERSION, registeredMessages } from '../accounts.fixture.ts';
import { createPeopleKeys } from '../keys/people-keys.ts';
import type { LeasedWork } from '../lease/work.ts';
import { createPostgresStore } from '../read-models/store-postgres.ts';
import { createTestProjection } from './projection.fixture.ts';

const dataKeys = createTestDataKeys();
const { signal } = new AbortController();

/** Projects a log until the test ends, or until `stop`. */
function project(t: ExecutionContext, log: EventLog, { pool }: TestDatabase) {
  const stopping = new AbortController();
  const owner = { ...FIRST_VERSION, holder: t.title, leaseMs: 60_000 };
  const followed: number[] = [];
  const running: LeasedWork = createTestProjection({
    log,
    store: createPostgresStore(pool, owner),
    keys: createPeopleKeys({ log, dataKeys }, { maxKeys: 100 }),
    cache: {
      resume: (position) => void followed.push(position),
      follow: async () => true,
    },
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
  return { status: running.status, stop, followed };
}

async function register(log: EventLog, ...people: readonly number[]): Promise<void> {
  for (const n of people) {
    const { status } = await log.append(registeredMessages(n, dataKeys), signal);
    if (status !== 'appended') throw new Error(status);
  }
}

async function readAll(log: EventLog): Promise<readonly TimedRecord[]> {
  const bounds = { filters: [], after: 0, maxRecords: 1_000, maxBytes: 1024 * 1024 };
  for await (const batch of log.readBatches(bounds, signal)) return batch;
  return [];
}

/** The position that readers see, and the number of people. */
async function readCovered({ pool }: TestDatabase) {
  const { rows } = await pool.query<{ position: string; people: string }>(
    'select position, (select count(*) from accounts_v1.users) as people from accounts.checkpoint',
  );
  return { position: Number(rows[0]?.position), people: Number(rows[0]?.people) };
}

test('a log that was restored from an older copy stalls the projection until it is back', async (t) => {
  const database = await createTestDatabase(t);
  const log = createMemoryLog();
  await register(log, 1, 2);
  const copy = await readAll(log);
  await register(log, 3, 4);
  const first = project(t, log, database);
  await waitUntil(() => first.status().position === 12);
  await first.stop();

  const restored = createMemoryLog(copy);
  await register(restored, 5);
  const second = project(t, restored, database);
  const isStalled = () => second.status().state === 'stalled';
  await waitUntil(isStalled);
  t.regex(
    JSON.stringify(second.status()),
    /"log-mismatch: 12 was read, and the log ends at 9; see/,
  );
  t.deepEqual(await readCovered(database), { position: 0, people: 4 });
  // Also when the log is longer again than what was read.
  await register(restored, 6, 7);
  await waitUntil(() => /the record at 12 is not/.test(JSON.stringify(second.status())));
  t.deepEqual(await readCovered(database), { position: 0, people: 4 });
  await second.stop();

  const third = project(t, log, database);
  await register(log, 8);
  await waitUntil(() => third.status().position === 15);
  t.is(third.status().state, 'active');
  t.deepEqual(await readCovered(database), { position: 15, people: 5 });
});

test('a log that is replaced while nothing comes stalls the projection', async (t) => {
  const database = await createTestDatabase(t);
  const log = createMemoryLog();
  await register(log, 1, 2);
  const other = createMemoryLog();
  await register(other, 3, 4, 5);
  let current: EventLog = log;
  const replaced: EventLog = {
    ...log,
    head: (end) => current.head(end),
    readAt: (position, end) => current.readAt(position, end),
  };
  const running = project(t, replaced, database);
  await waitUntil(() => running.status().position === 6);
  current = other;
  await waitUntil(() => running.status().state === 'stalled');
  t.regex(JSON.stringify(running.status()), /log-mismatch: the record at 6 is not/);
  t.deepEqual(await readCovered(database), { position: 0, people: 2 });
});

test('a checkpoint that goes back while nothing comes is noticed, and read again from there', async (t) => {
  const database = await createTestDatabase(t);
  const log = createMemoryLog();
  await register(log, 1);
  const running = project(t, log, database);
  await waitUntil(() => running.status().position === 3);
  // What a replica has that was promoted without the last batch.
  const { rows } = await database.pool.query(
    `select anchors, (select jsonb_agg(u) from accounts_v1.users u) as users
     from zameni.checkpoints where projection = 'accounts'`,
  );
  await register(log, 2);
  await waitUntil(() => running.status().position === 6);
  await database.pool.query(
    `with removed as (delete from accounts_v1.users where position > 3),
       gone as (delete from accounts_v1.address_owner where position > 3)
     update zameni.checkpoints set position = 3, anchors = $1 where projection = 'accounts'`,
    [JSON.stringify(rows[0]?.anchors)],
  );
  await waitUntil(async () => (await readCovered(database)).people === 2);
  t.deepEqual(await readCovered(database), { position: 6, people: 2 });
  // The cache learned of the position, so that it begins another epoch.
  t.deepEqual(running.followed, [0, 3]);
});
