import { decodeText, subjects } from '@zameni/contracts';
import { delay, type SecureDeletion } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { claimOf, createTestDataKeys, registeredMessages, userIdOf } from '../accounts.fixture.ts';
import { attemptMessages, closedMessages, voidedAttempt } from '../attempts.fixture.ts';
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
import { createStuckLog } from './memory-eraser.fixture.ts';

const dataKeys = createTestDataKeys();
const { signal } = new AbortController();
const forEver = Number.MAX_SAFE_INTEGER;
const keyOf = (n: number) => subjects.key(userIdOf(n));
const attemptOf = (n: number) => subjects.attempt(userIdOf(n));

/** The recorded steps of an erasure, in order. */
function stepsOf({ shared }: Surroundings, n: number): string[] {
  return shared.noted.flatMap(({ userId, isGone }) => (userId === userIdOf(n) ? [isGone] : []));
}

async function contentsOf({ log }: Surroundings, subject: string): Promise<unknown[]> {
  const records = await log.readSubject(subject, signal);
  return records.map(({ data }) => JSON.parse(decodeText(data)));
}

test('deletes the person’s keys, the claims, and then the deletion record', async (t) => {
  const given = createSurroundings();
  const { log, shared, deletion } = given;
  await append(log, registeredMessages(1, dataKeys), erasure(1, { claims: ['one', '2:two'] }));
  startReactors(t, given);
  await waitUntil(() => isDone(given, 1));
  t.deepEqual(deletion.deleted, [
    { subject: keyOf(1), upTo: forEver },
    { subject: subjects.claim('one'), upTo: 6 },
    { subject: subjects.claim('2:two'), upTo: 6 },
    { subject: deletionOf(1), upTo: 6 },
  ]);
  const noted = { userId: userIdOf(1), position: 6, behind: [] };
  t.deepEqual(shared.noted, [
    { ...noted, isGone: 'key' },
    { ...noted, isGone: 'all' },
  ]);
});

test('records no progress for a commit that erases nobody', async (t) => {
  const given = createSurroundings();
  const attempts = [{ id: userIdOf(1), upTo: 1 }];
  await append(given.log, attemptMessages(1));
  await append(given.log, [
    ...closedMessages(1, 1, 'erasure'),
    released(claimOf(1)),
    deletionMessage(1, { claims: [claimOf(1)], attempts }),
  ]);
  startReactors(t, given);
  await waitUntil(() => isDone(given, 1));
  t.deepEqual(given.deletion.deleted, [
    { subject: attemptOf(1), upTo: 1 },
    { subject: subjects.claim(claimOf(1)), upTo: 4 },
    { subject: deletionOf(1), upTo: 4 },
  ]);
  t.deepEqual(given.shared.noted, []);
});

test('leaves everything that no deletion record names', async (t) => {
  const given = createSurroundings();
  const { log } = given;
  await append(log, registeredMessages(1, dataKeys), registeredMessages(2, dataKeys), erasure(2));
  startReactors(t, given);
  await waitUntil(() => isDone(given, 2));
  t.deepEqual(subjectsIn(given), [keyOf(2), subjects.claim(claimOf(2)), deletionOf(2)]);
});

test('makes attempts void before it deletes the release, but the key at once', async (t) => {
  const given = createSurroundings();
  const claim = claimOf(1);
  await append(given.log, registeredMessages(1, dataKeys));
  // More than one query finds, and one on another address.
  for (const n of [11, 12, 13]) await append(given.log, attemptMessages(n, claim));
  await append(given.log, attemptMessages(21, claimOf(2)));
  await append(given.log, erasure(1, { addresses: [claim] }));
  await append(given.log, attemptMessages(22, claim));
  const { log, letGo, stuck } = createStuckLog(given.log);
  startReactors(t, { ...given, log });
  await waitUntil(() => stuck() === 2 && stepsOf(given, 1).length > 0);
  t.deepEqual(stepsOf(given, 1), ['key']);
  t.false(await log.hasRecord(keyOf(1), signal));
  t.like(await contentsOf(given, subjects.claim(claim)), [
    { state: 'held' },
    { state: 'released' },
  ]);
  letGo();
  await waitUntil(() => isDone(given, 1));
  t.deepEqual(stepsOf(given, 1), ['key', 'all']);
  t.deepEqual(given.deletion.deleted, [
    { subject: keyOf(1), upTo: forEver },
    ...[11, 12, 13].map((n, at) => ({ subject: attemptOf(n), upTo: 4 + at })),
    { subject: subjects.claim(claim), upTo: 9 },
    { subject: deletionOf(1), upTo: 9 },
  ]);
  for (const [at, n] of [11, 12, 13].entries()) {
    t.deepEqual(await contentsOf(given, attemptOf(n)), [voidedAttempt(4 + at)]);
  }
  for (const n of [21, 22]) t.like(await contentsOf(given, attemptOf(n)), [{ state: 'open' }]);
});

test('deletes an attempt after an interruption between void record and deletion', async (t) => {
  const given = createSurroundings();
  const claim = claimOf(1);
  await append(given.log, attemptMessages(7, claim), erasure(1, { addresses: [claim] }));
  let isBroken = true;
  const deletion: SecureDeletion = {
    deleteUpTo: async (subject, upTo, turn) => {
      if (isBroken && subject === attemptOf(7)) throw new TypeError('cut off');
      return given.deletion.deleteUpTo(subject, upTo, turn);
    },
  };
  const { eraser } = startReactors(t, { ...given, deletion });
  await waitUntil(() => eraser.progress()?.stuck === 1);
  t.like(eraser.progress(), { left: 1, stuckReason: 'record 3: TypeError' });
  await given.shared.project();
  isBroken = false;
  await waitUntil(() => isDone(given, 1));
  t.deepEqual(await contentsOf(given, attemptOf(7)), [voidedAttempt(1)]);
});

test('a person counts as erased only when the claims of the same commit are gone', async (t) => {
  const given = createSurroundings();
  const { promise, resolve } = Promise.withResolvers<void>();
  const late: SecureDeletion = {
    deleteUpTo: async (subject, upTo, turn) => {
      if (subject === subjects.claim(claimOf(1))) await promise;
      return given.deletion.deleteUpTo(subject, upTo, turn);
    },
  };
  await append(given.log, erasure(1));
  startReactors(t, { ...given, deletion: late });
  await waitUntil(() => given.shared.noted.length > 0);
  t.deepEqual(stepsOf(given, 1), ['key']);
  resolve();
  await waitUntil(() => isDone(given, 1));
  t.deepEqual(subjectsIn(given), [keyOf(1), subjects.claim(claimOf(1)), deletionOf(1)]);
  t.deepEqual(stepsOf(given, 1), ['key', 'all']);
});

test('waits for the read model where it must, and delays nothing else', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  const claim = claimOf(1);
  shared.end = 5;
  await append(log, registeredMessages(1, dataKeys), attemptMessages(3, claim));
  await append(log, erasure(1, { addresses: [claim] }), erasure(2));
  const { eraser } = startReactors(t, given);
  await waitUntil(() => shared.noted.length === 2);
  await waitUntil(() => given.deletion.deleted.length === 3);
  t.deepEqual(stepsOf(given, 1), ['key']);
  t.deepEqual(stepsOf(given, 2), ['key']);
  const others = [keyOf(1), keyOf(2), subjects.claim(claimOf(2))];
  t.deepEqual(new Set(subjectsIn(given)), new Set(others));
  shared.end = 6;
  await waitUntil(() => isDone(given, 1));
  t.deepEqual(subjectsIn(given).slice(3), [attemptOf(3), subjects.claim(claim), deletionOf(1)]);
  t.deepEqual(stepsOf(given, 1), ['key', 'all']);
  // The second one waits for the read model.
  await waitUntil(() => eraser.progress()?.left === 1);
  await delay(100, signal);
  t.is(subjectsIn(given).length, 6);
  shared.end = 9;
  await waitUntil(() => isDone(given, 2));
  t.deepEqual(stepsOf(given, 2), ['key', 'all']);
  await waitUntil(() => eraser.progress()?.left === 0);
});

test('a closed attempt is deleted only after the read model has read it', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  shared.end = 0;
  const attempts = [{ id: userIdOf(3), upTo: 1 }];
  await append(log, attemptMessages(3), closedMessages(3, 1, 'not-mine'));
  await append(log, [deletionMessage(1, { attempts })], erasure(2));
  startReactors(t, given);
  await waitUntil(() => subjectsIn(given).includes(keyOf(2)));
  await delay(100, signal);
  t.false(subjectsIn(given).includes(attemptOf(3)));
  shared.end = forEver;
  await waitUntil(() => isDone(given, 1));
  t.true(subjectsIn(given).includes(attemptOf(3)));
});

test('a later release of a claim waits for the attempts of an earlier erasure', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  const claim = claimOf(1);
  shared.end = 0;
  await append(log, attemptMessages(7, claim));
  const first = deletionMessage(1, { claims: [claim], addresses: [claim] });
  await append(log, [released(claim), first]);
  await append(log, [released(claim), deletionMessage(2, { claims: [claim] })]);
  startReactors(t, given);
  await delay(100, signal);
  t.deepEqual(given.deletion.deleted, []);
  shared.end = forEver;
  await waitUntil(() => isDone(given, 1) && isDone(given, 2));
  t.is(subjectsIn(given)[0], attemptOf(7));
  t.is(given.deletion.deleted.length, 5);
});

test('a claim that is held again loses the position of a finished erasure', async (t) => {
  const given = createSurroundings();
  const { log } = given;
  const subject = subjects.claim(claimOf(1));
  await append(log, registeredMessages(1, dataKeys));
  await append(log, erasure(1, { addresses: [claimOf(1)] }));
  const held = { state: 'held', userId: userIdOf(2), verified: false };
  const data = JSON.stringify({ ...held, erasedAt: 4 });
  await append(log, [{ subject, data, expectedPosition: 4 }]);
  startReactors(t, given);
  await waitUntil(() => isDone(given, 1));
  t.deepEqual(await contentsOf(given, subject), [held]);
});

test('a claim with endless records delays its own erasure only', async (t) => {
  const given = createSurroundings();
  const turns: string[] = [];
  let isEndless = true;
  const endless = new Set([1, 2, 3, 4, 5, 6, 7, 8].map((n) => subjects.claim(claimOf(n))));
  const slow: SecureDeletion = {
    deleteUpTo: async (subject, upTo, turn) => {
      if (!isEndless || !endless.has(subject)) {
        return given.deletion.deleteUpTo(subject, upTo, turn);
      }
      turns.push(subject);
      const { promise, reject } = Promise.withResolvers<never>();
      turn.addEventListener('abort', () => reject(turn.reason), { once: true });
      return promise;
    },
  };
  for (let n = 1; n <= 9; n += 1) await append(given.log, erasure(n));
  const { eraser } = startReactors(t, { ...given, deletion: slow });
  const finished = () => given.shared.noted.filter(({ isGone }) => isGone === 'all');
  // The endless claims take all eight turns.
  await waitUntil(() => finished().length === 1 && turns.length > 2 * endless.size);
  t.is(finished()[0]?.userId, userIdOf(9));
  t.is(eraser.status().state, 'active');
  await waitUntil(() => eraser.progress()?.left === 8);
  isEndless = false;
  await waitUntil(() => eraser.progress()?.left === 0);
  t.is(finished().length, 9);
});

test('a thousand attempts on one address delay no other erasure', async (t) => {
  const given = createSurroundings(64);
  const claim = claimOf(1);
  const attempts = Array.from({ length: 1_000 }, (_, n) => 10_000 + n);
  await append(given.log, registeredMessages(1, dataKeys), registeredMessages(2, dataKeys));
  await append(
    given.log,
    attempts.flatMap((n) => attemptMessages(n, claim)),
  );
  await append(given.log, erasure(1, { addresses: [claim] }));
  const { log, letGo, stuck } = createStuckLog(given.log);
  startReactors(t, { ...given, log });
  await waitUntil(() => stuck() === 4 && stepsOf(given, 1).length === 1);
  // It starts when all slots for attempts are taken.
  await append(given.log, erasure(2));
  await waitUntil(() => isDone(given, 2));
  t.is(stuck(), 4);
  t.deepEqual(stepsOf(given, 1), ['key']);
  t.deepEqual(stepsOf(given, 2), ['key', 'all']);
  for (const n of [1, 2]) t.false(await log.hasRecord(keyOf(n), signal));
  letGo();
  await waitUntil(() => isDone(given, 1));
  t.deepEqual(stepsOf(given, 1), ['key', 'all']);
  await given.shared.project();
  const rows = [...given.shared.attempts.values()];
  t.is(rows.length, 1_000);
  t.true(rows.every((row) => row.claim === null && row.state === 'void'));
  for (const n of attempts) t.is((await log.readSubject(attemptOf(n), signal)).length, 1);
});
