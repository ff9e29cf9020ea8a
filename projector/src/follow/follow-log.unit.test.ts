import { subjects } from '@zameni/contracts';
import type { EventLog } from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { claimOf, erasedMessages, registeredMessages, userIdOf } from '../accounts.fixture.ts';
import {
  attemptMessages,
  closedMessages,
  deletionMessages,
  voidedMessages,
} from '../attempts.fixture.ts';
import { createMemoryStore, createSharedCheckpoint } from '../read-models/memory-store.fixture.ts';
import { append, dataKeys, start, usersIn } from './projection.fixture.ts';

test('projects what is in the log and what comes after', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  await append(log, registeredMessages(1, dataKeys));
  const { followed } = start(t, log, createMemoryStore(shared, 'a'));
  await waitUntil(() => shared.position === 3);
  await append(log, registeredMessages(2, dataKeys), attemptMessages(3));
  await waitUntil(() => followed.at(-1) === 7);
  t.deepEqual(usersIn(shared), [userIdOf(1), userIdOf(2)]);
  t.is(shared.attempts.get(userIdOf(3))?.state, 'open');
  t.is(shared.position, 7);
});

test('records of every kind move the checkpoint', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  start(t, log, createMemoryStore(shared, 'a'));
  for (const subject of [subjects.claim(claimOf(1)), subjects.mailWish(userIdOf(1))]) {
    await append(log, [{ subject, data: '{}', expectedPosition: 0 }]);
  }
  await append(log, deletionMessages(1, {}));
  await waitUntil(() => shared.position === 3);
  await append(log, registeredMessages(1, dataKeys).slice(1, 2));
  await waitUntil(() => shared.position === 4);
  t.is(shared.users.size, 0);
});

test('attempts are opened, closed and made void', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  start(t, log, createMemoryStore(shared, 'a'));
  await append(log, attemptMessages(1), attemptMessages(2), attemptMessages(3, claimOf(2)));
  await append(log, closedMessages(1, 1, 'not-mine'), deletionMessages(1, {}));
  await append(log, voidedMessages(2, 2));
  await waitUntil(() => shared.position === 6);
  t.deepEqual(
    [1, 2, 3].map((n) => {
      const row = shared.attempts.get(userIdOf(n));
      return [row?.state, row?.claim];
    }),
    [
      ['gone', null],
      ['void', claimOf(2)],
      ['open', claimOf(2)],
    ],
  );
});

test('continues after the checkpoint, reading keys from before it', async (t) => {
  const log = createMemoryLog();
  await append(log, registeredMessages(1, dataKeys));
  const shared = { ...createSharedCheckpoint(), position: 2 };
  start(t, log, createMemoryStore(shared, 'a'));
  await waitUntil(() => shared.position === 3);
  t.deepEqual(usersIn(shared), [userIdOf(1)]);
});

test('an erased person is gone from rows and cache, and the projection continues', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const { followed } = start(t, log, createMemoryStore(shared, 'a'));
  await append(log, registeredMessages(1, dataKeys));
  await waitUntil(() => shared.users.size === 1);
  await append(log, erasedMessages(1, 3), registeredMessages(2, dataKeys));
  await waitUntil(() => followed.at(-1) === 7);
  t.deepEqual([...shared.users.keys()], [userIdOf(2)]);
  t.deepEqual([...shared.erasedFromCache], [userIdOf(1)]);
});

test('a second process stands by, and takes over at once when the first stops', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const first = start(t, log, createMemoryStore(shared, 'a'));
  await waitUntil(() => first.projection.status().state === 'active');
  const second = start(t, log, createMemoryStore(shared, 'b'));
  await waitUntil(() => second.projection.status().state === 'standby');
  await append(log, registeredMessages(1, dataKeys));
  await waitUntil(() => second.projection.status().position === 3);
  await first.stop();
  await waitUntil(() => second.projection.status().state === 'active');
  await append(log, registeredMessages(2, dataKeys));
  await waitUntil(() => shared.position === 6);
  t.deepEqual(usersIn(shared), [userIdOf(1), userIdOf(2)]);
});

test('a process that lost its lease while it slept applies nothing more', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const { projection } = start(t, log, createMemoryStore(shared, 'a'), { idleMs: 60_000 });
  await waitUntil(() => projection.status().state === 'active');
  shared.holder = 'b';
  await append(log, registeredMessages(1, dataKeys));
  await waitUntil(() => projection.status().state === 'standby');
  t.deepEqual(shared.applied, []);
});

test('after a batch of unknown outcome it continues from the stored checkpoint', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const store = createMemoryStore(shared, 'a');
  const failures = [new Error('connection lost after the commit')];
  const { projection } = start(t, log, {
    ...store,
    apply: async (batch) => {
      const applied = await store.apply(batch);
      const failure = failures.pop();
      if (failure !== undefined) throw failure;
      return applied;
    },
  });
  await append(log, registeredMessages(1, dataKeys));
  await waitUntil(() => shared.position === 3);
  await append(log, registeredMessages(2, dataKeys));
  await waitUntil(() => shared.position === 6 && projection.status().state === 'active');
  t.deepEqual(usersIn(shared), [userIdOf(1), userIdOf(2)]);
});

test('a log that cannot be read is read again from the checkpoint', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedCheckpoint();
  const failures = [new Error('silent'), new Error('silent')];
  const bent: EventLog = {
    ...log,
    readBatches: (options, abort) => {
      const failure = failures.pop();
      if (failure === undefined) return log.readBatches(options, abort);
      return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) };
    },
  };
  await append(log, registeredMessages(1, dataKeys));
  start(t, bent, createMemoryStore(shared, 'a'));
  await waitUntil(() => shared.position === 3);
  t.deepEqual(failures, []);
});

test('releases its lease when it stops', async (t) => {
  const shared = createSharedCheckpoint();
  const { projection, stop } = start(t, createMemoryLog(), createMemoryStore(shared, 'a'));
  await waitUntil(() => projection.status().state === 'active');
  await stop();
  t.is(shared.holder, undefined);
});
