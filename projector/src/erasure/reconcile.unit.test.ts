import { subjects } from '@zameni/contracts';
import { delay } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { createTestDataKeys, registeredMessages, userIdOf } from '../accounts.fixture.ts';
import {
  append,
  createSurroundings,
  deletionMessage,
  erasure,
  startReactors,
} from './eraser.fixture.ts';

const dataKeys = createTestDataKeys();
const { signal } = new AbortController();

test('an erasure whose end was lost is done, and every server is named', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  await append(log, erasure(1).slice(-1));
  shared.unmarked.push({ userId: userIdOf(1), position: 1 });
  startReactors(t, given);
  await waitUntil(() => shared.noted.length > 0);
  const behind = ['n1', 'n2', 'n3'];
  t.deepEqual(shared.noted[0], { userId: userIdOf(1), position: 1, behind, isGone: 'all' });
});

test('a key that is still there keeps an erasure open', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  await append(log, registeredMessages(1, dataKeys), erasure(1).slice(-1));
  shared.unmarked.push({ userId: userIdOf(1), position: 4 });
  startReactors(t, given);
  await delay(100, signal);
  t.deepEqual(shared.noted, []);
  t.true(await log.hasRecord(subjects.key(userIdOf(1)), signal));
});

test('an open deletion record is what completes its erasure', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  shared.end = 1;
  await append(log, [...erasure(1)]);
  shared.unmarked.push({ userId: userIdOf(1), position: 3 });
  startReactors(t, given);
  await waitUntil(() => shared.noted.length > 0);
  await delay(100, signal);
  t.deepEqual(
    shared.noted.map(({ isGone }) => isGone),
    ['key'],
  );
});

test('a forged record that nobody can finish keeps only its own people open', async (t) => {
  const given = createSurroundings();
  const { log, shared } = given;
  await append(log, registeredMessages(2, dataKeys), erasure(1).slice(-1));
  await append(log, [deletionMessage(2, { people: [userIdOf(2)] })]);
  shared.unmarked.push({ userId: userIdOf(2), position: 3 }, { userId: userIdOf(1), position: 4 });
  startReactors(t, given);
  await waitUntil(() => shared.noted.length > 0);
  t.is(shared.noted[0]?.userId, userIdOf(1));
});
