import { randomBytes, randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  type DeletionRecord,
  encodeEvent,
  type OpenAttempt,
  parseAttemptRecord,
  parseUserId,
  recordKind,
  subjectFilters,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  createJetStreamLog,
  createReadLogServers,
  createSecureDeletion,
  type EventLog,
  type Pool,
  toClaimLayout,
} from '@zameni/runtime';
import {
  connectTestNats,
  createSilentLogger,
  createTestDatabase,
  openSuperuserPool,
  PATIENT,
  readTestStack,
  waitUntil,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { happenings, metadataOf } from '../accounts.fixture.ts';
import { openAttempt } from '../attempts.fixture.ts';
import { createEraser } from './eraser.ts';
import { createPostgresEraserStore } from './store-postgres.ts';

// The stack's own eraser works on the same people, so every test runs with two erasers.
const stream = ACCOUNTS_STREAM.name;
const user = 'eraser';
const { signal } = new AbortController();
const MAX_TRIES = 5;
const RELEASED = JSON.stringify({ state: 'released', by: 'erasure' });

type Person = { readonly userId: UserId; readonly claim: string };

/** Shared by the tests: the log as user `eraser`, a way to append, and a database of their own. */
async function createSetup(t: ExecutionContext) {
  const database = await createTestDatabase(t);
  const readModel = await openReadModel(t);
  const nc = await connectTestNats(t, user);
  const log = await createJetStreamLog(nc, { stream, user, ...PATIENT });
  const writer = await createJetStreamLog(await connectTestNats(t, 'command-api'), {
    stream,
    user: 'command-api',
    ...PATIENT,
  });
  const append = createAppend(writer);
  const claims = new Set<string>();
  // Releases the claims that are still held, because nobody else can interpret them.
  t.teardown(async () => {
    for (const subject of claims) {
      if (!(await log.hasRecord(subject, signal))) continue;
      await append({ [subject]: RELEASED, ...deletion({ claims: [subject] }) });
    }
  });
  return {
    database,
    readModel,
    log,
    nc,
    append: (messages: Readonly<Record<string, string>>) => {
      for (const subject of Object.keys(messages)) {
        if (recordKind(subject) === 'claim') claims.add(subject);
      }
      return append(messages);
    },
  };
}

/** The database of the stack, whose projector follows the log. */
async function openReadModel(t: ExecutionContext): Promise<Pool> {
  const pool = openSuperuserPool(await readTestStack(), { max: 2 });
  t.teardown(() => pool.end());
  return pool;
}

/**
 * Appends to subjects after their last records and returns the last position. The stack's own
 * eraser may delete a record between reading it and the guard on it, so a conflict is tried again.
 */
function createAppend(writer: EventLog) {
  return async function append(
    messages: Readonly<Record<string, string>>,
    triesLeft = MAX_TRIES,
  ): Promise<number> {
    const guarded = await Promise.all(
      Object.entries(messages).map(async ([subject, data]) => {
        const last = await writer.readLastFromLeader(subject, signal);
        return { subject, data, expectedPosition: last?.position ?? 0 };
      }),
    );
    const outcome = await writer.append(guarded, signal);
    if (outcome.status === 'appended') return outcome.lastPosition;
    if (outcome.status !== 'conflict' || triesLeft === 0) throw new Error(outcome.status);
    return append(messages, triesLeft - 1);
  };
}

type Setup = Awaited<ReturnType<typeof createSetup>>;

function createStore(pool: Pool) {
  const owner = { projection: 'eraser', version: 1, holder: randomUUID(), leaseMs: 1_000 };
  return createPostgresEraserStore(pool, owner);
}

/**
 * Starts an eraser, which also erases people of other tests. It finds attempts in the same database
 * as the stack's own eraser, because their claims must not be deleted before them.
 */
function start(t: ExecutionContext, { database, readModel, log, nc }: Setup) {
  const stopping = new AbortController();
  const { readCoveredPosition, findAttempts, removeAttempt, clearClaim } = createStore(readModel);
  const eraser = createEraser({
    log,
    deletion: createSecureDeletion({ nc, log }, { stream, user }),
    servers: createReadLogServers(nc, { stream, user }),
    store: {
      ...createStore(database.pool),
      readCoveredPosition,
      findAttempts,
      removeAttempt,
      clearClaim,
    },
    claims: () => toClaimLayout({ current: '1', layers: ['1'], keys: new Map() }),
    now: () => new Date(),
    logger: createSilentLogger(),
    standbyMs: 20,
    idleMs: 50,
  });
  const running = eraser.run(stopping.signal);
  const stop = () => {
    stopping.abort();
    return running;
  };
  t.teardown(stop);
  return { eraser, stop };
}

function createPerson(): Person {
  const userId = parseUserId(randomUUID());
  if (userId === undefined) throw new Error('not a user id');
  return { userId, claim: randomBytes(32).toString('base64url') };
}

function held({ userId, claim }: Person): Record<string, string> {
  return { [subjects.claim(claim)]: JSON.stringify({ state: 'held', userId, verified: false }) };
}

function released({ claim }: Person): Record<string, string> {
  return { [subjects.claim(claim)]: RELEASED };
}

function keyOf({ userId }: Person, version: number): Record<string, string> {
  const record = { kek: '1', version, wrapped: 'none' };
  return { [subjects.key(userId)]: JSON.stringify(record) };
}

/** The deletion record of an erased person, and the event. */
function erasure(person: Person): Record<string, string> {
  const { userId, claim } = person;
  return {
    ...deletion({ claims: [subjects.claim(claim)], people: [userId] }),
    ...erased(person),
  };
}

/** The event that erases a person who has no other. */
function erased({ userId }: Person): Record<string, string> {
  const metadata = { ...metadataOf(1), id: randomUUID(), userId };
  return { [subjects.account(userId)]: encodeEvent(metadata, happenings.erased, null) };
}

/** A deletion record; `claims` are subjects. */
function deletion({ claims = [], ...named }: Partial<DeletionRecord>): Record<string, string> {
  const names = claims.map((subject) => subject.slice(subjects.claim('').length));
  const record = { people: [], attempts: [], addresses: [], ...named, claims: names };
  return { [subjects.deletion(randomUUID())]: JSON.stringify(record) };
}

type TestAttempt = { readonly subject: string; readonly record: OpenAttempt };

/** An attempt on a person's address. */
function attemptOn({ claim }: Person): TestAttempt {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  return {
    subject: subjects.attempt(randomUUID()),
    record: { ...openAttempt(claim), expiresAt },
  };
}

/** The last record of an attempt in the log, and whether it is the only one. */
async function readAttempt({ log }: Setup, { subject }: TestAttempt) {
  const first = await log.readFirst(subject, signal);
  const last = await log.readLastFromLeader(subject, signal);
  const content = last && parseAttemptRecord(last.data);
  return { isOnlyOne: first?.position === last?.position, content };
}

/** Whether no deletion record is left up to a position, on which two erasers work. */
async function isDeleted({ log }: Setup, position: number): Promise<boolean> {
  const first = await log.readFirst(subjectFilters.deletions, signal);
  return first === undefined || first.position > position;
}

test('leaves neither key nor claim of an erased person', async (t) => {
  const setup = await createSetup(t);
  const person = createPerson();
  await setup.append({ ...held(person), ...keyOf(person, 1) });
  await setup.append(keyOf(person, 2));
  start(t, setup);
  const last = await setup.append({ ...released(person), ...erasure(person) });
  await waitUntil(() => isDeleted(setup, last));
  t.is(await setup.log.readFirst(subjects.key(person.userId), signal), undefined);
  t.is(await setup.log.readFirst(subjects.claim(person.claim), signal), undefined);
});

test('makes every attempt on an erased address void, and keeps a later one', async (t) => {
  const setup = await createSetup(t);
  const person = createPerson();
  await setup.append({ ...held(person), ...keyOf(person, 1) });
  const positions = new Map<TestAttempt, number>();
  const open = async (attempt: TestAttempt) =>
    positions.set(
      attempt,
      await setup.append({ [attempt.subject]: JSON.stringify(attempt.record) }),
    );
  const attempts = Array.from({ length: 5 }, () => attemptOn(person));
  for (const attempt of attempts) await open(attempt);
  const addresses = [person.claim];
  // The stack's own eraser does the same concurrently.
  start(t, setup);
  const last = await setup.append({
    ...released(person),
    ...deletion({ claims: [subjects.claim(person.claim)], people: [person.userId], addresses }),
    ...erased(person),
  });
  const later = attemptOn(person);
  await open(later);
  await waitUntil(() => isDeleted(setup, last));
  for (const attempt of attempts) {
    const { expiresAt, key, retry } = attempt.record;
    const content = { state: 'void', attempt: positions.get(attempt), expiresAt, key, retry };
    // One eraser may have found the void record of the other before it deletes.
    await waitUntil(async () => (await readAttempt(setup, attempt)).isOnlyOne);
    t.deepEqual((await readAttempt(setup, attempt)).content, content);
  }
  t.deepEqual(await readAttempt(setup, later), { isOnlyOne: true, content: later.record });
  t.false(await setup.log.hasRecord(subjects.claim(person.claim), signal));
  const { rows } = await setup.readModel.query(
    'select state from accounts.attempts where claim = $1',
    [person.claim],
  );
  t.deepEqual(rows, [{ state: 'open' }]);
});

test('a claim that is held again keeps the records after its release', async (t) => {
  const setup = await createSetup(t);
  const person = createPerson();
  await setup.append(held(person));
  const last = await setup.append({ ...released(person), ...erasure(person) });
  const kept = await setup.append(held(person));
  start(t, setup);
  await waitUntil(() => isDeleted(setup, last));
  const first = await setup.log.readFirst(subjects.claim(person.claim), signal);
  t.is(first?.position, kept);
});

test('two erasers finish the same work, and neither stalls', async (t) => {
  const setup = await createSetup(t);
  const people = Array.from({ length: 10 }, createPerson);
  for (const person of people) await setup.append({ ...held(person), ...keyOf(person, 1) });
  const { eraser } = start(t, setup);
  await waitUntil(() => eraser.status().state === 'active');
  let last = 0;
  for (const person of people) {
    last = await setup.append({ ...released(person), ...erasure(person) });
  }
  await waitUntil(() => isDeleted(setup, last));
  await waitUntil(() => eraser.progress()?.left === 0);
  t.is(eraser.status().state, 'active');
  for (const person of people) {
    t.is(await setup.log.readFirst(subjects.key(person.userId), signal), undefined);
    t.is(await setup.log.readFirst(subjects.claim(person.claim), signal), undefined);
  }
});
