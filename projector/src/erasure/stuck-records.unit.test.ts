import { subjects } from '@zameni/contracts';
import { Fault, type LogMessage, type SecureDeletion } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { claimOf, createTestDataKeys, registeredMessages, userIdOf } from '../accounts.fixture.ts';
import { attemptMessages, voidedMessages } from '../attempts.fixture.ts';
import {
  append,
  createSurroundings,
  deletionMessage,
  deletionOf,
  erasure,
  isDone,
  released,
  startReactors,
  subjectsIn,
  type Surroundings,
} from './eraser.fixture.ts';

const dataKeys = createTestDataKeys();
const { signal } = new AbortController();

function held(n: number, more: object = {}): LogMessage {
  const record = { state: 'held', userId: userIdOf(n), verified: false, ...more };
  return { subject: subjects.claim(claimOf(n)), data: JSON.stringify(record), expectedPosition: 0 };
}

/** Starts an eraser, waits until it holds one record, and checks that others go on. */
async function isStuckAlone(t: ExecutionContext, given: Surroundings): Promise<string | undefined> {
  const { eraser } = startReactors(t, given);
  await waitUntil(() => eraser.progress()?.stuck === 1);
  await append(given.log, erasure(9));
  await waitUntil(() => isDone(given, 9));
  t.is(eraser.status().state, 'active');
  await waitUntil(() => eraser.progress()?.left === 1);
  t.deepEqual(
    new Set(subjectsIn(given)),
    new Set([subjects.key(userIdOf(9)), subjects.claim(claimOf(9)), deletionOf(9)]),
  );
  t.true(await given.log.hasRecord(deletionOf(1), signal));
  return eraser.progress()?.stuckReason;
}

test('an unreadable record is left, and others go on', async (t) => {
  const given = createSurroundings();
  await append(given.log, [{ subject: deletionOf(1), data: '{', expectedPosition: 0 }]);
  const reason = 'record 1: UnreadableRecordError: the record at position 1 cannot be read';
  t.is(await isStuckAlone(t, given), reason);
});

const leavesForged = test.macro({
  title: (title) => `a forged record destroys nothing: ${title}`,
  exec: async (t, why: string, before: readonly LogMessage[], forged: LogMessage) => {
    const given = createSurroundings();
    for (const message of before) await append(given.log, [message]);
    await append(given.log, [forged]);
    const reason = `record ${before.length + 1}: ForgedRecordError: it names ${why}`;
    t.is(await isStuckAlone(t, given), reason);
    for (const { subject } of before) t.true(await given.log.hasRecord(subject, signal), subject);
  },
});

const claims = [claimOf(1)];

test(
  'a person who lives',
  leavesForged,
  'a person who is not erased',
  registeredMessages(1, dataKeys),
  deletionMessage(1, { people: [userIdOf(1)] }),
);
test(
  'a person without an account',
  leavesForged,
  'a person who is not erased',
  registeredMessages(1, dataKeys).slice(1, 2),
  deletionMessage(1, { people: [userIdOf(1)] }),
);
test(
  'a claim that is held',
  leavesForged,
  'a claim that is held',
  registeredMessages(1, dataKeys),
  deletionMessage(1, { claims }),
);
test(
  'an open attempt',
  leavesForged,
  'an attempt that is not closed',
  attemptMessages(1),
  deletionMessage(1, { attempts: [{ id: userIdOf(1), upTo: 1 }] }),
);
test(
  'an address whose claim it does not name',
  leavesForged,
  'an address without its claim',
  [...attemptMessages(1), released(claimOf(2))],
  deletionMessage(1, { claims: [claimOf(2)], addresses: [claimOf(1)] }),
);

test('an address that nobody held keeps its attempts', async (t) => {
  const given = createSurroundings();
  await append(given.log, attemptMessages(1));
  await append(given.log, [deletionMessage(1, { claims, addresses: claims })]);
  startReactors(t, given);
  await waitUntil(() => isDone(given, 1));
  t.is((await given.log.readSubject(subjects.attempt(userIdOf(1)), signal))[0]?.position, 1);
});

test('an address that was released without an erasure keeps its attempts', async (t) => {
  const given = createSurroundings();
  const data = JSON.stringify({ state: 'released', by: 'email-change' });
  await append(given.log, attemptMessages(1));
  await append(given.log, [
    { ...released(claimOf(1)), data },
    deletionMessage(1, { claims, addresses: claims }),
  ]);
  startReactors(t, given);
  await waitUntil(() => isDone(given, 1));
  t.is((await given.log.readSubject(subjects.attempt(userIdOf(1)), signal))[0]?.position, 1);
});

test('a claim that is held again is genuine, and its attempts become void', async (t) => {
  const given = createSurroundings();
  await append(given.log, [held(1)], attemptMessages(7, claimOf(1)));
  await append(given.log, erasure(1, { addresses: claims }), [held(1, { erasedAt: 3 })]);
  startReactors(t, given);
  await waitUntil(() => isDone(given, 1));
  const [attempt] = await given.log.readSubject(subjects.attempt(userIdOf(7)), signal);
  t.true((attempt?.position ?? 0) > 2);
  t.true(await given.log.hasRecord(subjects.claim(claimOf(1)), signal));
});

test('an attempt that another erasure made void is genuine', async (t) => {
  const given = createSurroundings();
  await append(given.log, attemptMessages(1), voidedMessages(1, 1));
  await append(given.log, [deletionMessage(1, { attempts: [{ id: userIdOf(1), upTo: 1 }] })]);
  startReactors(t, given);
  await waitUntil(() => isDone(given, 1));
  t.is((await given.log.readSubject(subjects.attempt(userIdOf(1)), signal))[0]?.position, 2);
});

test('an attempt under the id of one that has expired is genuine, and stays', async (t) => {
  const given = createSurroundings();
  await append(given.log, attemptMessages(1));
  const replaced = deletionMessage(1, { attempts: [{ id: userIdOf(1), upTo: 1 }] });
  await append(given.log, [replaced, ...attemptMessages(1)]);
  const { eraser } = startReactors(t, given);
  await waitUntil(() => eraser.progress()?.left === 0);
  t.false(await given.log.hasRecord(deletionOf(1), signal));
  t.is((await given.log.readSubject(subjects.attempt(userIdOf(1)), signal))[0]?.position, 3);
});

test('a forged record does not hold back a genuine one of the same claim', async (t) => {
  const given = createSurroundings();
  await append(given.log, registeredMessages(1, dataKeys));
  await append(given.log, [deletionMessage(1, { claims, people: [userIdOf(2)] })]);
  await append(given.log, erasure(2, { claims, people: [userIdOf(1)] }).slice(0, 2));
  const { eraser } = startReactors(t, given);
  await waitUntil(() => eraser.progress()?.stuck === 2);
  await append(given.log, erasure(1).slice(-1));
  await waitUntil(() => isDone(given, 2));
  await waitUntil(() => eraser.progress()?.left === 1);
  t.false(await given.log.hasRecord(subjects.key(userIdOf(1)), signal));
  t.false(isDone(given, 1));
});

test('a message that the server does not delete holds its own record only', async (t) => {
  const given = createSurroundings();
  const refuses: SecureDeletion = {
    deleteUpTo: async (subject, upTo, turn) => {
      if (subject === subjects.key(userIdOf(1))) throw new Fault('the message at 2 is still there');
      return given.deletion.deleteUpTo(subject, upTo, turn);
    },
  };
  await append(given.log, registeredMessages(1, dataKeys), erasure(1), erasure(2));
  const { eraser } = startReactors(t, { ...given, deletion: refuses });
  await waitUntil(() => isDone(given, 2));
  await waitUntil(() => eraser.progress()?.stuck === 1);
  t.is(eraser.progress()?.stuckReason, 'record 5: Fault: the message at 2 is still there');
  t.false(isDone(given, 1));
});
