import { randomBytes, randomUUID } from 'node:crypto';
import {
  ACCOUNTS_STREAM,
  encodeEvent,
  parseKeyRecord,
  parseOrThrow,
  parseUserId,
  subjects,
  type UserId,
} from '@zameni/contracts';
import {
  createDataKeys,
  createJetStreamLog,
  createSecureDeletion,
  type LogRecord,
  readToEnd,
} from '@zameni/runtime';
import { connectTestNats, PATIENT } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { deleteIfErased, rewrapKey } from './rewrap-key.ts';

const stream = ACCOUNTS_STREAM.name;
const { signal } = new AbortController();
const forEver = Number.MAX_SAFE_INTEGER;
const old = randomBytes(32);
// The stack's own ring does not have these key ids, so its services ignore these people.
const oldRing = { current: 'test-1', keys: new Map([['test-1', old]]) };
const ring = {
  current: 'test-2',
  keys: new Map([...oldRing.keys, ['test-2', randomBytes(32)]]),
};
const oldKeys = createDataKeys(oldRing);
const dataKeys = createDataKeys(ring);

/** The log as user `eraser`, and people with a key that is deleted when the test ends. */
async function createSetup(t: ExecutionContext) {
  const nc = await connectTestNats(t, 'eraser');
  const log = await createJetStreamLog(nc, { stream, user: 'eraser', ...PATIENT });
  const writer = await createJetStreamLog(await connectTestNats(t, 'command-api'), {
    stream,
    user: 'command-api',
    ...PATIENT,
  });
  const deletion = createSecureDeletion({ nc, log }, { stream, user: 'eraser' });
  const append = async (subject: string, data: string, expectedPosition: number) => {
    const outcome = await writer.append([{ subject, data, expectedPosition }], signal);
    if (outcome.status !== 'appended') throw new Error(outcome.status);
  };
  const createPerson = async (): Promise<LogRecord> => {
    const subject = subjects.key(newUserId());
    const { record } = oldKeys.create(subject.slice(subjects.key('').length));
    await append(subject, JSON.stringify(record), 0);
    t.teardown(() => deletion.deleteUpTo(subject, forEver, signal, 1));
    const stored = await log.readFirst(subject, signal);
    if (stored === undefined) throw new Error('not stored');
    return stored;
  };
  const erase = async ({ subject }: LogRecord) => {
    const userId = newUserIdOf(subject);
    await append(subjects.account(userId), erased(userId), 0);
    await deletion.deleteUpTo(subject, forEver, signal, 1);
  };
  return { log, deletion, deps: { log, deletion, dataKeys }, createPerson, erase };
}

function newUserId(): UserId {
  return newUserIdOf(subjects.key(randomUUID()));
}

function newUserIdOf(subject: string): UserId {
  const userId = parseUserId(subject.slice(subjects.key('').length));
  if (userId === undefined) throw new Error('not a user id');
  return userId;
}

/** The only event of these people. It needs no key, so every projector can read it. */
function erased(userId: UserId): string {
  const metadata = {
    id: randomUUID(),
    userId,
    time: new Date().toISOString(),
    causationId: randomUUID(),
    actor: { type: 'caller', id: 'test' },
    accountVersion: 1,
  } as const;
  return encodeEvent(metadata, { name: 'erased', data: {} }, null);
}

test('leaves one record of a key, wrapped by the current key-encryption key', async (t) => {
  const { log, deps, createPerson } = await createSetup(t);
  const person = await createPerson();
  t.true(await rewrapKey(deps, person, signal));
  const first = await log.readFirst(person.subject, signal);
  t.true(first !== undefined && first.position > person.position);
  const last = await log.readLastFromLeader(person.subject, signal);
  t.is(last?.position, first?.position);
  const rewrapped = last && parseKeyRecord(last.data);
  t.like(rewrapped, { kek: 'test-2', version: 2 });
  const userId = newUserIdOf(person.subject);
  const before = oldKeys.open(userId, parseOrThrow(parseKeyRecord, person));
  t.true(rewrapped !== undefined && dataKeys.open(userId, rewrapped).equals(before));
});

test('does not write a key again that was deleted after it was read', async (t) => {
  const { log, deletion, deps, createPerson } = await createSetup(t);
  const person = await createPerson();
  await deletion.deleteUpTo(person.subject, forEver, signal, person.position);
  // The first answer is the leader's state before the deletion.
  let asked = 0;
  const readLastFromLeader: typeof log.readLastFromLeader = async (subject, signal) => {
    asked += 1;
    return asked === 1 ? person : log.readLastFromLeader(subject, signal);
  };
  t.true(await rewrapKey({ ...deps, log: { ...log, readLastFromLeader } }, person, signal));
  t.is(asked, 2);
  t.false(await log.hasRecord(person.subject, signal));
});

test('leaves no key of people who are erased while their keys are re-wrapped', async (t) => {
  const { log, deps, createPerson, erase } = await createSetup(t);
  const people = await Promise.all(Array.from({ length: 40 }, createPerson));
  await Promise.all(people.flatMap((person) => [rewrapKey(deps, person, signal), erase(person)]));
  // The re-wrapper does this with each record that it wrote.
  for (const { subject } of people) {
    const last = await log.readLastFromLeader(subject, signal);
    if (last !== undefined) await deleteIfErased(deps, last, signal);
  }
  for (const { subject } of people) t.false(await log.hasRecord(subject, signal));
});

test('reading to the end returns every key, also after the last ones were deleted', async (t) => {
  const { log, deletion, createPerson } = await createSetup(t);
  const first = await createPerson();
  const others = await Promise.all(Array.from({ length: 5 }, createPerson));
  const gone = await createPerson();
  await deletion.deleteUpTo(gone.subject, forEver, signal, gone.position);
  const found: string[] = [];
  const what = { filter: subjects.key('*'), after: first.position - 1, maxRecords: 2 };
  for await (const records of readToEnd(log, what, AbortSignal.timeout(20_000))) {
    found.push(...records.map(({ subject }) => subject));
  }
  for (const { subject } of [first, ...others]) t.true(found.includes(subject));
});
