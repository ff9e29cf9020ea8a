import { subjects } from '@zameni/contracts';
import {
  createLogger,
  type EventLog,
  type LogMessage,
  type ReadLogServers,
  type SecureDeletion,
} from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import {
  claimOf,
  createTestDataKeys,
  erasedMessages,
  registeredMessages,
  supersededMessages,
  userIdOf,
} from './accounts.fixture.ts';
import { createEraser } from './eraser.ts';
import type { EraserStore } from './eraser-store.ts';
import {
  createMemoryEraserStore,
  createRecordingDeletion,
  createSharedErasures,
  wholeCluster,
} from './memory-eraser.fixture.ts';

const dataKeys = createTestDataKeys();
const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const { signal } = new AbortController();
const forEver = Number.MAX_SAFE_INTEGER;

type Surroundings = {
  readonly log: EventLog;
  readonly store: EraserStore;
  readonly deletion: SecureDeletion;
  readonly servers?: ReadLogServers;
};

function start(t: ExecutionContext, { servers = wholeCluster, ...surroundings }: Surroundings) {
  const stopping = new AbortController();
  const eraser = createEraser({
    ...surroundings,
    servers,
    logger,
    standbyMs: 5,
    idleMs: 5,
    lingerMs: 1,
    sliceMs: 20,
    graceMs: 250,
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

/** What erasing the n-th made-up person commits, when her claim is at a position and her event two behind. */
function erasure(n: number, claimAt = 1): LogMessage[] {
  const released = JSON.stringify({ state: 'released' });
  return [
    { subject: subjects.claim(claimOf(n)), data: released, expectedPosition: claimAt },
    ...erasedMessages(n, claimAt + 2),
  ];
}

test('deletes a released claim up to its release, then the person’s keys, and writes it down', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  await append(log, registeredMessages(1, dataKeys), erasure(1));
  start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => shared.position === 5);
  t.deepEqual(deletion.deleted, [
    { subject: subjects.claim(claimOf(1)), upTo: 4 },
    { subject: subjects.key(userIdOf(1)), upTo: forEver },
  ]);
  t.deepEqual(shared.noted, [{ userId: userIdOf(1), position: 5, behind: [], isDone: true }]);
});

test('the keys of a superseded person are forgotten, and nothing is written down', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  await append(log, registeredMessages(1, dataKeys), supersededMessages(1, 3));
  start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => shared.position === 4);
  t.deepEqual(deletion.deleted, [{ subject: subjects.key(userIdOf(1)), upTo: forEver }]);
  t.deepEqual(shared.noted, []);
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

test('an address with endless attempts holds up neither others nor more than its own erasure', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  const turns: string[] = [];
  let isEndless = true;
  const endless = new Set([1, 2, 3, 4, 5, 6, 7, 8].map((n) => subjects.claim(claimOf(n))));
  const slow: SecureDeletion = {
    deleteUpTo: async (subject, upTo, turn) => {
      if (!isEndless || !endless.has(subject)) return deletion.deleteUpTo(subject, upTo, turn);
      turns.push(subject);
      const { promise, reject } = Promise.withResolvers<never>();
      turn.addEventListener('abort', () => reject(turn.reason), { once: true });
      return promise;
    },
  };
  for (let n = 1; n <= 9; n += 1) {
    const first = (n - 1) * 5 + 1;
    await append(log, registeredMessages(n, dataKeys), erasure(n, first));
  }
  const { eraser } = start(t, {
    log,
    deletion: slow,
    store: createMemoryEraserStore(shared, 'a'),
  });
  // All eight turns at once are taken by the endless ones.
  await waitUntil(() => shared.noted.length === 1 && turns.length > 2 * endless.size);
  t.is(shared.noted[0]?.userId, userIdOf(9));
  t.is(shared.position, 3);
  t.is(eraser.status().state, 'active');
  isEndless = false;
  await waitUntil(() => shared.position === 45);
  t.is(shared.noted.length, 9);
});

test('a person counts as erased only when the claims of the same commit are gone', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  const { promise, resolve } = Promise.withResolvers<void>();
  const late: SecureDeletion = {
    deleteUpTo: async (subject, upTo, turn) => {
      if (subject === subjects.claim(claimOf(1))) await promise;
      return deletion.deleteUpTo(subject, upTo, turn);
    },
  };
  await append(log, registeredMessages(1, dataKeys), erasure(1));
  start(t, { log, deletion: late, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => shared.position === 3 && deletion.deleted.length === 1);
  t.deepEqual(shared.noted, []);
  resolve();
  await waitUntil(() => shared.noted.length === 1);
  t.deepEqual(deletion.deleted.at(-1)?.subject, subjects.claim(claimOf(1)));
});

test('servers that are away are named before anything is deleted, and again when it is done', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const steps: string[] = [];
  const deletion: SecureDeletion = {
    deleteUpTo: async () => steps.push(`deleted, ${shared.noted.length} noted`),
  };
  await append(log, registeredMessages(1, dataKeys), erasedMessages(1, 3));
  const servers = async () => ({ head: forEver, leader: 'n1', silent: ['n2'], catchingUp: [] });
  start(t, { log, deletion, servers, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => shared.noted.length === 2);
  t.deepEqual(steps, ['deleted, 1 noted']);
  const named = { userId: userIdOf(1), position: 4, behind: ['n2'] };
  t.deepEqual(shared.noted, [
    { ...named, isDone: false },
    { ...named, isDone: true },
  ]);
});

test('a server that catches up within the grace is not named, one that does not is', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  await append(log, registeredMessages(1, dataKeys), erasedMessages(1, 3));
  let looks = 0;
  const servers = async () => {
    looks += 1;
    return {
      head: forEver,
      leader: 'n1',
      silent: [],
      catchingUp: looks < 3 ? ['n2', 'n3'] : ['n3'],
    };
  };
  const deletion = createRecordingDeletion();
  start(t, { log, deletion, servers, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => shared.noted.length === 1);
  t.deepEqual(shared.noted[0]?.behind, ['n3']);
});

test('a fault stalls it before the checkpoint, and the deletion is done again', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
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
  const servers = async () => ({ head: 3, leader: 'n1', silent: [], catchingUp: [] });
  const store = createMemoryEraserStore(shared, 'a');
  const { eraser } = start(t, { log: memory, deletion, servers, store });
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
