import { randomBytes, randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  type DeletionRecord,
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
} from '@zameni/runtime';
import {
  connectTestNats,
  createSilentLogger,
  createTestDatabase,
  PATIENT,
  type TestDatabase,
  waitUntil,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { openAttempt } from './attempts.fixture.ts';
import { createEraser } from './eraser.ts';
import { createPostgresEraserStore } from './eraser-store-postgres.ts';

// The stack's own eraser works on the same people all the while: two at once must do no harm.
const stream = ACCOUNTS_STREAM.name;
const user = 'eraser';
const { signal } = new AbortController();
const MAX_TRIES = 5;
const RELEASED = JSON.stringify({ state: 'released', by: 'erasure' });

type Person = { readonly userId: UserId; readonly claim: string };

/** What the tests share: the log as the eraser has it, a way to append, and a database of their own. */
async function createSetup(t: ExecutionContext) {
  const database = await createTestDatabase(t);
  // Nothing projects into it, so it says that it covers everything.
  await database.pool.query('update zameni.checkpoints set position = $1', [2 ** 52]);
  const nc = await connectTestNats(t, user);
  const log = await createJetStreamLog(nc, { stream, user, ...PATIENT });
  const writer = await createJetStreamLog(await connectTestNats(t, 'command-api'), {
    stream,
    user: 'command-api',
    ...PATIENT,
  });
  const append = createAppend(writer);
  const claims = new Set<string>();
  // What stays held at the end is given up: nobody else could make sense of these claims.
  t.teardown(async () => {
    for (const subject of claims) {
      if (!(await log.hasRecord(subject, signal))) continue;
      await append({ [subject]: RELEASED, ...deletion({ claims: [subject] }) });
    }
  });
  return {
    database,
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

/**
 * Appends to subjects behind whatever they hold; answers the last position. The stack's own eraser may
 * delete what was read here before it is guarded on, so a conflict is looked at again.
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

function createStore({ database }: Pick<Setup, 'database'>) {
  const owner = { projection: 'eraser', version: 1, holder: randomUUID(), leaseMs: 1_000 };
  return createPostgresEraserStore(database.pool, owner);
}

/** Starts an eraser; others than the test's people are erased meanwhile too. */
function start(t: ExecutionContext, { database, log, nc }: Setup) {
  const stopping = new AbortController();
  const store = createStore({ database });
  const eraser = createEraser({
    log,
    deletion: createSecureDeletion({ nc, log }, { stream, user }),
    servers: createReadLogServers(nc, { stream, user }),
    store,
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

/** What erasing a person leaves to be deleted. */
function erasure({ userId, claim }: Person): Record<string, string> {
  return deletion({ claims: [subjects.claim(claim)], people: [userId] });
}

/** A deletion record; `claims` are subjects. */
function deletion({ claims = [], ...named }: Partial<DeletionRecord>): Record<string, string> {
  const names = claims.map((subject) => subject.slice(subjects.claim('').length));
  const record = { people: [], attempts: [], addresses: [], ...named, claims: names };
  return { [subjects.deletion(randomUUID())]: JSON.stringify(record) };
}

/** The record of an attempt on a person's address. */
function attemptOn({ claim }: Person): Record<string, string> {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const record = { ...openAttempt(claim), expiresAt };
  return { [subjects.attempt(randomUUID())]: JSON.stringify(record) };
}

async function isSettled({ pool }: TestDatabase, { userId }: Person): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from zameni.erasures
     where user_id = $1 and key_at is not null and claims_at is not null`,
    [userId],
  );
  return rowCount === 1;
}

/** Whether no deletion record is left up to a position; two erasers work on it. */
async function isDeleted({ log }: Setup, position: number): Promise<boolean> {
  const first = await log.readFirst(subjectFilters.deletions, signal);
  return first === undefined || first.position > position;
}

test('of an erased person neither key nor claim is left', async (t) => {
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

test('what is written down of an erasure is written down once', async (t) => {
  const setup = await createSetup(t);
  const person = createPerson();
  const store = createStore(setup);
  const done = { userId: person.userId, position: 7, isDone: true };
  await store.noteErasure({ ...done, behind: ['n2'], isDone: false });
  t.false(await isSettled(setup.database, person));
  await store.noteErasure({ ...done, behind: ['n3'] });
  await store.noteErasure({ ...done, behind: ['n1'] });
  t.true(await isSettled(setup.database, person));
  const { rows } = await setup.database.pool.query(
    'select position, log_servers_behind from zameni.erasures where user_id = $1',
    [person.userId],
  );
  t.deepEqual(rows, [{ position: '7', log_servers_behind: ['n2', 'n3'] }]);
});

test('of an erased address every attempt is deleted, a later one is kept', async (t) => {
  const setup = await createSetup(t);
  const person = createPerson();
  await setup.append({ ...held(person), ...keyOf(person, 1) });
  const attempts = [attemptOn(person), attemptOn(person), attemptOn(person)];
  for (const attempt of attempts) await setup.append(attempt);
  const addresses = [person.claim];
  const last = await setup.append({
    ...released(person),
    ...deletion({ claims: [subjects.claim(person.claim)], people: [person.userId], addresses }),
  });
  const later = attemptOn(person);
  await setup.append(later);
  // The stack's own eraser finds them in its read model.
  await waitUntil(() => isDeleted(setup, last));
  for (const subject of attempts.flatMap(Object.keys)) {
    t.is(await setup.log.readFirst(subject, signal), undefined);
  }
  for (const subject of Object.keys(later)) {
    t.true(await setup.log.hasRecord(subject, signal));
  }
});

test('finds and removes the attempts on an address from before a position, and no others', async (t) => {
  const setup = await createSetup(t);
  const { pool } = setup.database;
  const store = createStore(setup);
  const [claim, other] = ['one', 'two'];
  const ids = Array.from({ length: 5 }, () => randomUUID());
  for (const [index, id] of ids.entries()) {
    await pool.query(
      `insert into accounts_v1.attempts (attempt_id, claim, position, expires_at, state)
       values ($1, $2, $3, now(), 'gone')`,
      [id, index === 4 ? other : claim, index + 1],
    );
  }
  const which = { claim, before: 4 };
  const found = await store.findAttempts(which);
  t.deepEqual(found.toSorted(), ids.slice(0, 3).toSorted());
  await store.removeAttempts([...found, ...ids.slice(3)], which);
  t.deepEqual(await store.findAttempts(which), []);
  const { rows } = await pool.query(
    'select attempt_id from accounts_v1.attempts order by position',
  );
  t.deepEqual(
    rows.map((row) => row.attempt_id),
    ids.slice(3),
  );
  t.is(await store.readCoveredPosition(), 2 ** 52);
});

test('a claim taken again keeps what came after the release', async (t) => {
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

test('what two erasers do at once is done, and neither stalls', async (t) => {
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
