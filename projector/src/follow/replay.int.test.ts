import { randomUUID } from 'node:crypto';
import { ACCOUNTS_STREAM, encodeEvent, parseUserId, subjects } from '@zameni/contracts';
import {
  createDataKeys,
  createJetStreamLog,
  type DataKeys,
  type EventLog,
  type LogMessage,
  readKeyRing,
} from '@zameni/runtime';
import {
  connectTestNats,
  createMemoryLog,
  createSilentLogger,
  createTestDatabase,
  readTestStack,
  type TestDatabase,
  waitUntil,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import {
  FIRST_VERSION,
  claimOf,
  createTestDataKeys,
  erasedMessages,
  happenings,
  metadataOf,
  registeredMessages,
  userIdOf,
} from '../accounts.fixture.ts';
import {
  attemptMessages,
  closedMessages,
  deletionMessages,
  voidedMessages,
} from '../attempts.fixture.ts';
import { createPeopleKeys } from '../keys/people-keys.ts';
import type { LeasedWork } from '../lease/work.ts';
import { createPostgresStore } from '../read-models/store-postgres.ts';
import { createTestProjection } from './projection.fixture.ts';

const { signal } = new AbortController();
/** Milliseconds to replay everything that earlier tests appended. */
const REPLAY_DEADLINE_MS = 180_000;
/** More than the tests have people, so that the log is seldom asked for a key. */
const MAX_KEYS = 50_000;

type Replayed = {
  readonly log: EventLog;
  readonly dataKeys: DataKeys;
  readonly database: TestDatabase;
};

/** Projects a log from its beginning into an empty database. */
function project(t: ExecutionContext, { log, dataKeys, database }: Replayed): LeasedWork {
  const stopping = new AbortController();
  const owner = { ...FIRST_VERSION, holder: t.title, leaseMs: 60_000 };
  const logger = createSilentLogger();
  const running = createTestProjection({
    log,
    store: createPostgresStore(database.pool, owner),
    keys: createPeopleKeys({ log, dataKeys }, { maxKeys: MAX_KEYS }),
    logger,
    standbyMs: 20,
    idleMs: 50,
  });
  const ended = running.run(stopping.signal);
  t.teardown(() => {
    stopping.abort();
    return ended;
  });
  return running;
}

async function append(log: EventLog, ...groups: readonly LogMessage[][]): Promise<void> {
  for (const messages of groups) {
    const { status } = await log.append(messages, signal);
    if (status !== 'appended') throw new Error(status);
  }
}

async function rowsIn({ pool }: TestDatabase) {
  const users = await pool.query('select * from accounts_v1.users order by user_id');
  const owners = await pool.query('select * from accounts_v1.address_owner order by k');
  const attempts = await pool.query('select * from accounts_v1.attempts order by position');
  const erasures = await pool.query(
    `select user_id, position, requested_at, requested_by, read_model_at is not null as is_erased
     from zameni.erasures order by position`,
  );
  return [users, owners, attempts, erasures].map(({ rows }) => rows);
}

test('a replay after the eraser ran ends in the same rows', async (t) => {
  const log = createMemoryLog();
  const dataKeys = createTestDataKeys();
  const live = await createTestDatabase(t);
  const replayed = await createTestDatabase(t);
  const first = project(t, { log, dataKeys, database: live });
  await append(
    log,
    registeredMessages(1, dataKeys),
    attemptMessages(2),
    attemptMessages(3, claimOf(1)),
    closedMessages(2, 4, { provenTo: userIdOf(1) }),
  );
  // The live projection reads the data before it is erased.
  await waitUntil(() => first.status().position === 6);
  await append(
    log,
    deletionMessages(1, { addresses: [claimOf(1)], people: [userIdOf(1)] }),
    erasedMessages(1, 3),
    registeredMessages(4, dataKeys),
    voidedMessages(3, 5),
  );
  await waitUntil(() => first.status().position === 12);
  await log.deleteUpTo(subjects.key(userIdOf(1)), Number.MAX_SAFE_INTEGER, signal);
  await log.deleteUpTo(subjects.attempt(userIdOf(2)), 4, signal);
  await log.deleteUpTo(subjects.attempt(userIdOf(3)), 5, signal);
  const cleared = `update accounts_v1.attempts set claim = null where state = 'void'`;
  t.is((await live.pool.query(cleared)).rowCount, 1);
  const second = project(t, { log, dataKeys, database: replayed });
  await waitUntil(() => second.status().position === 12);
  const [users = [], owners = [], attempts, erasures] = await rowsIn(replayed);
  t.deepEqual([users, owners, attempts, erasures], await rowsIn(live));
  t.deepEqual([users.length, owners.length], [1, 1]);
  t.like(attempts, [
    { attempt_id: userIdOf(2), state: 'gone', claim: null, user_id: null },
    { attempt_id: userIdOf(3), state: 'void', claim: null, user_id: null },
  ]);
  t.like(erasures, [{ user_id: userIdOf(1), position: '8', is_erased: true }]);
});

test('a replay after records expired lacks their attempts, and nothing else', async (t) => {
  const log = createMemoryLog();
  const dataKeys = createTestDataKeys();
  const live = await createTestDatabase(t);
  const replayed = await createTestDatabase(t);
  const first = project(t, { log, dataKeys, database: live });
  const wish = { subject: subjects.mailWish(userIdOf(8)), data: '{}', expectedPosition: 0 };
  await append(
    log,
    registeredMessages(1, dataKeys),
    attemptMessages(2),
    attemptMessages(3),
    closedMessages(3, 5, 'not-mine'),
    [wish, { ...wish, subject: subjects.farewell(userIdOf(9)) }],
    registeredMessages(4, dataKeys),
  );
  await waitUntil(() => first.status().position === 11);
  const expired = [2, 3].map((n) => subjects.attempt(userIdOf(n)));
  for (const subject of [...expired, wish.subject, subjects.farewell(userIdOf(9))]) {
    await log.deleteUpTo(subject, 11, signal);
  }
  const second = project(t, { log, dataKeys, database: replayed });
  await waitUntil(() => second.status().position === 11);
  const [users, owners, attempts, erasures] = await rowsIn(live);
  t.like(attempts, [{ attempt_id: userIdOf(2) }, { attempt_id: userIdOf(3) }]);
  t.deepEqual(await rowsIn(replayed), [users, owners, [], erasures]);
});

test('the whole log of the stack replays to its end, also with erased people in it', async (t) => {
  t.timeout(REPLAY_DEADLINE_MS + 60_000);
  const { keys } = await readTestStack();
  const open = async (user: string) => {
    const nc = await connectTestNats(t, user);
    return createJetStreamLog(nc, { stream: ACCOUNTS_STREAM.name, user });
  };
  const database = await createTestDatabase(t);
  // The test appends an end of its own: an event that needs no key.
  const userId = parseUserId(randomUUID());
  if (userId === undefined) throw new Error('not a user id');
  const metadata = { ...metadataOf(1), id: randomUUID(), userId };
  const data = encodeEvent(metadata, happenings.erased, null);
  const message = { subject: subjects.account(userId), data, expectedPosition: 0 };
  const appended = await (await open('command-api')).append([message], signal);
  if (appended.status !== 'appended') return t.fail(appended.status);
  const log = await open('projector');
  const dataKeys = createDataKeys(readKeyRing(keys.kekFile));
  const running = project(t, { log, dataKeys, database });
  await waitUntil(() => {
    const status = running.status();
    if (status.state === 'stalled') throw new Error(JSON.stringify(status));
    return status.position >= appended.lastPosition;
  }, REPLAY_DEADLINE_MS);
  const erasures = (await rowsIn(database))[3] ?? [];
  t.true(erasures.some((row) => JSON.stringify(row).includes(userId)));
});
