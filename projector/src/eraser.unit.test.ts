import { subjects } from '@zameni/contracts';
import { createLogger, type EventLog, type LogMessage, type SecureDeletion } from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import {
  claimOf,
  createTestDataKeys,
  erasedMessages,
  registeredMessages,
  userIdOf,
} from './accounts.fixture.ts';
import { createEraser } from './eraser.ts';
import type { EraserStore } from './eraser-store.ts';
import {
  createMemoryEraserStore,
  createRecordingDeletion,
  createSharedErasures,
} from './memory-eraser.fixture.ts';

const dataKeys = createTestDataKeys();
const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const { signal } = new AbortController();
const forEver = Number.MAX_SAFE_INTEGER;

function start(
  t: ExecutionContext,
  { log, store, deletion }: { log: EventLog; store: EraserStore; deletion: SecureDeletion },
) {
  const stopping = new AbortController();
  const eraser = createEraser({
    log,
    store,
    deletion,
    logger,
    standbyMs: 5,
    idleMs: 5,
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

async function append(log: EventLog, ...groups: readonly LogMessage[][]): Promise<void> {
  for (const messages of groups) {
    const { status } = await log.append(messages, signal);
    if (status !== 'appended') throw new Error(status);
  }
}

/** What erasing the n-th made-up person commits, when her claim is at 1 and her event at 3. */
function erasure(n: number): LogMessage[] {
  const released = JSON.stringify({ state: 'released' });
  return [
    { subject: subjects.claim(claimOf(n)), data: released, expectedPosition: 1 },
    ...erasedMessages(n, 3),
  ];
}

test('deletes a released claim up to its release, then the person’s keys, and writes it down', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  shared.rows.add(userIdOf(1));
  await append(log, registeredMessages(1, dataKeys), erasure(1));
  start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => shared.position === 5);
  t.deepEqual(deletion.deleted, [
    { subject: subjects.claim(claimOf(1)), upTo: 4 },
    { subject: subjects.key(userIdOf(1)), upTo: forEver },
  ]);
  t.deepEqual([...shared.marked], [userIdOf(1)]);
});

test('leaves everything that is neither released nor erased', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  await append(log, registeredMessages(1, dataKeys), registeredMessages(2, dataKeys));
  start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => shared.position === 6);
  t.deepEqual(deletion.deleted, []);
});

test('while the projection has not come to an erasure, others are forgotten and nothing is passed over', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  shared.rows.add(userIdOf(2));
  await append(log, registeredMessages(1, dataKeys), erasure(1));
  await append(log, registeredMessages(2, dataKeys), erasedMessages(2, 8));
  const { eraser } = start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => deletion.deleted.length === 3 && shared.position === 4);
  t.deepEqual(deletion.deleted.at(-1), { subject: subjects.key(userIdOf(2)), upTo: forEver });
  t.deepEqual([...shared.marked], [userIdOf(2)]);
  t.is(eraser.status().state, 'active');
  shared.rows.add(userIdOf(1));
  await waitUntil(() => shared.position === 9);
  t.deepEqual([...shared.marked], [userIdOf(2), userIdOf(1)]);
});

test('a fault stalls it before the checkpoint, and the deletion is done again', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  shared.rows.add(userIdOf(1));
  let isBroken = true;
  const broken: SecureDeletion = {
    deleteUpTo: async (subject, upTo, signal) => {
      if (isBroken) throw new TypeError('away');
      return deletion.deleteUpTo(subject, upTo, signal);
    },
  };
  await append(log, registeredMessages(1, dataKeys), erasure(1));
  const store = createMemoryEraserStore(shared, 'a');
  const { eraser } = start(t, { log, store, deletion: broken });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { stall: { kind: 'fault', reason: 'TypeError' } });
  t.true(shared.position < 4);
  isBroken = false;
  await waitUntil(() => shared.position === 5);
  t.is(eraser.status().state, 'active');
  t.is(deletion.deleted.length, 2);
});

test('does not believe a log that is behind what it has read from it', async (t) => {
  const memory = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  await append(memory, registeredMessages(1, dataKeys), erasure(1));
  const log = { ...memory, head: async () => 3 };
  const { eraser } = start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { stall: { reason: 'StaleLeaderError' } });
  t.deepEqual(deletion.deleted, []);
});

test('stalls at a record that is no JSON, because it might ask for a deletion', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const subject = subjects.claim(claimOf(1));
  await append(log, [{ subject, data: '{', expectedPosition: 0 }]);
  const store = createMemoryEraserStore(shared, 'a');
  const { eraser } = start(t, { log, store, deletion: createRecordingDeletion() });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { stall: { reason: 'UnreadableRecordError' } });
  t.is(shared.position, 0);
});

test('a second eraser stands by, and takes over when the first one stops', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  shared.rows.add(userIdOf(1));
  const deletion = createRecordingDeletion();
  const first = start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => shared.holder === 'a');
  const second = start(t, { log, deletion, store: createMemoryEraserStore(shared, 'b') });
  await waitUntil(() => second.eraser.status().state === 'standby');
  await first.stop();
  await append(log, registeredMessages(1, dataKeys), erasure(1));
  await waitUntil(() => shared.position === 5);
  t.is(second.eraser.status().state, 'active');
});

test('an eraser whose lease is gone moves no checkpoint', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const store = createMemoryEraserStore(shared, 'a');
  const { eraser } = start(t, { log, store, deletion: createRecordingDeletion() });
  await waitUntil(() => eraser.status().state === 'active');
  shared.holder = 'b';
  await append(log, registeredMessages(1, dataKeys));
  await waitUntil(() => eraser.status().state === 'standby');
  t.is(shared.position, 0);
});
