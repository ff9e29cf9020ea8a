import { randomBytes, randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  encodeEvent,
  parseUserId,
  recordKind,
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
import { createEraser } from './eraser.ts';
import { createPostgresEraserStore } from './eraser-store-postgres.ts';

// The stack's own eraser works on the same people all the while: two at once must do no harm.
const stream = ACCOUNTS_STREAM.name;
const user = 'eraser';
const { signal } = new AbortController();
const MAX_TRIES = 5;
const RELEASED = JSON.stringify({ state: 'released' });

type Person = { readonly userId: UserId; readonly claim: string };

/** What the tests share: the log as the eraser has it, a way to append, and a database of their own. */
async function createSetup(t: ExecutionContext) {
  const database = await createTestDatabase(t);
  const nc = await connectTestNats(t, user);
  const log = await createJetStreamLog(nc, { stream, user, ...PATIENT });
  const writer = await createJetStreamLog(await connectTestNats(t, 'command-api'), {
    stream,
    user: 'command-api',
    ...PATIENT,
  });
  const from = await log.head(signal);
  await moveCheckpoint(database, from);
  const append = createAppend(writer);
  const claims = new Set<string>();
  // What stays held at the end is given up: nobody else could make sense of these claims.
  t.teardown(async () => {
    for (const subject of claims) {
      if (await log.hasRecord(subject, signal)) await append({ [subject]: RELEASED });
    }
  });
  return {
    database,
    log,
    nc,
    from,
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

/** Starts an eraser; others than the test's people are erased meanwhile too. */
function start(t: ExecutionContext, { database, log, nc }: Setup) {
  const stopping = new AbortController();
  const owner = { projection: 'eraser', version: 2, holder: randomUUID(), leaseMs: 1_000 };
  const store = createPostgresEraserStore(database.pool, owner);
  const eraser = createEraser({
    log,
    deletion: createSecureDeletion({ nc, log }, { stream, user }),
    servers: createReadLogServers(nc, { stream, user }),
    store,
    logger: createSilentLogger(),
    standbyMs: 20,
    idleMs: 50,
    lingerMs: 1,
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

/** The only event of these people: it needs no key, so every projector can read it. */
function erased({ userId }: Person): Record<string, string> {
  const metadata = {
    id: randomUUID(),
    userId,
    time: new Date().toISOString(),
    causationId: randomUUID(),
    actor: { type: 'caller', id: 'test' },
    accountVersion: 1,
  } as const;
  const data = encodeEvent(metadata, { name: 'erased', data: {} }, null);
  return { [subjects.account(userId)]: data };
}

async function isSettled({ pool }: TestDatabase, { userId }: Person): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from zameni.erasures
     where user_id = $1 and key_at is not null and claims_at is not null`,
    [userId],
  );
  return rowCount === 1;
}

async function moveCheckpoint({ pool }: TestDatabase, position: number): Promise<void> {
  await pool.query(
    `update zameni.checkpoints set position = $1 where projection = 'eraser' and version = 2`,
    [position],
  );
}

async function checkpointOf({ pool }: TestDatabase): Promise<number> {
  const { rows } = await pool.query<{ position: string }>(
    `select position from zameni.checkpoints where projection = 'eraser' and version = 2`,
  );
  return Number(rows[0]?.position);
}

test('of an erased person neither key nor claim is left, and that is written down', async (t) => {
  const setup = await createSetup(t);
  const person = createPerson();
  await setup.append({ ...held(person), ...keyOf(person, 1) });
  await setup.append(keyOf(person, 2));
  const last = await setup.append({ ...released(person), ...erased(person) });
  start(t, setup);
  await waitUntil(async () => (await checkpointOf(setup.database)) >= last);
  t.true(await isSettled(setup.database, person));
  t.is(await setup.log.readFirst(subjects.key(person.userId), signal), undefined);
  t.is(await setup.log.readFirst(subjects.claim(person.claim), signal), undefined);
  t.truthy(await setup.log.readFirst(subjects.account(person.userId), signal));
});

test('a claim taken again keeps what came after the release', async (t) => {
  const setup = await createSetup(t);
  const person = createPerson();
  await setup.append(held(person));
  await setup.append(released(person));
  const kept = await setup.append(held(person));
  start(t, setup);
  await waitUntil(async () => (await checkpointOf(setup.database)) >= kept);
  const first = await setup.log.readFirst(subjects.claim(person.claim), signal);
  t.is(first?.position, kept);
});

test('what is done again from an older checkpoint, or by two at once, changes nothing', async (t) => {
  const setup = await createSetup(t);
  const people = Array.from({ length: 10 }, createPerson);
  let last = 0;
  for (const person of people) {
    await setup.append({ ...held(person), ...keyOf(person, 1) });
    last = await setup.append({ ...released(person), ...erased(person) });
  }
  const first = start(t, setup);
  await waitUntil(async () => (await checkpointOf(setup.database)) >= last);
  await first.stop();
  await moveCheckpoint(setup.database, setup.from);
  const { eraser } = start(t, setup);
  await waitUntil(async () => (await checkpointOf(setup.database)) >= last);
  t.is(eraser.status().state, 'active');
  for (const person of people) {
    t.true(await isSettled(setup.database, person));
    t.is(await setup.log.readFirst(subjects.key(person.userId), signal), undefined);
  }
});
