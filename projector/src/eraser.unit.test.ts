import { type DeletionRecord, subjects } from '@zameni/contracts';
import {
  createLogger,
  delay,
  type EventLog,
  type LogMessage,
  type ReadLogServers,
  type SecureDeletion,
} from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { claimOf, createTestDataKeys, registeredMessages, userIdOf } from './accounts.fixture.ts';
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

/** Whether all is deleted that the n-th deletion record names. */
function isDone({ deleted }: { readonly deleted: readonly { subject: string }[] }, n: number) {
  return deleted.at(-1)?.subject === deletionOf(n);
}

const deletionOf = (n: number) => subjects.deletion(userIdOf(1_000 + n));

function deletionMessage(n: number, named: Partial<DeletionRecord>): LogMessage {
  const record = { claims: [], people: [], attempts: [], addresses: [], ...named };
  return { subject: deletionOf(n), data: JSON.stringify(record), expectedPosition: 0 };
}

/** What erasing the n-th made-up person leaves to be deleted. */
function erasure(n: number, named: Partial<DeletionRecord> = {}): LogMessage[] {
  return [deletionMessage(n, { claims: [claimOf(n)], people: [userIdOf(n)], ...named })];
}

test('deletes the person’s keys, claims up to the deletion record, and that record last', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  await append(log, registeredMessages(1, dataKeys), erasure(1, { claims: ['one', '2:two'] }));
  start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => deletion.deleted.length === 4);
  t.deepEqual(deletion.deleted, [
    { subject: subjects.key(userIdOf(1)), upTo: forEver },
    { subject: subjects.claim('one'), upTo: 4 },
    { subject: subjects.claim('2:two'), upTo: 4 },
    { subject: deletionOf(1), upTo: 4 },
  ]);
  t.deepEqual(shared.noted, [{ userId: userIdOf(1), position: 4, behind: [], isDone: true }]);
});

test('of what is no erasure of a person nothing is written down', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  const attempts = [{ id: userIdOf(1), upTo: 7 }];
  await append(log, [deletionMessage(1, { claims: [claimOf(1)], attempts })]);
  start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => isDone(deletion, 1));
  t.deepEqual(deletion.deleted, [
    { subject: subjects.attempt(userIdOf(1)), upTo: 7 },
    { subject: subjects.claim(claimOf(1)), upTo: 1 },
    { subject: deletionOf(1), upTo: 1 },
  ]);
  t.deepEqual(shared.noted, []);
});

test('attempts on an erased address are deleted before the claim that makes them void', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  const [claim, other] = [claimOf(1), claimOf(2)];
  // More than are found at once; one that came later, and one on another address.
  const rows = [1, 2, 3].map((n) => ({ id: userIdOf(10 + n), claim, position: n }));
  const kept = [
    { id: userIdOf(20), claim, position: 99 },
    { id: userIdOf(21), claim: other, position: 2 },
  ];
  shared.attempts = [...rows, ...kept];
  await append(log, registeredMessages(1, dataKeys), erasure(1, { addresses: [claim] }));
  start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => isDone(deletion, 1));
  t.deepEqual(deletion.deleted, [
    { subject: subjects.key(userIdOf(1)), upTo: forEver },
    ...rows.map(({ id }) => ({ subject: subjects.attempt(id), upTo: 4 })),
    { subject: subjects.claim(claim), upTo: 4 },
    { subject: deletionOf(1), upTo: 4 },
  ]);
  t.deepEqual(shared.attempts, kept);
});

test('waits for the read model where it must, and holds up nothing else', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  const claim = claimOf(1);
  shared.covered = 3;
  await append(log, registeredMessages(1, dataKeys), erasure(1, { addresses: [claim] }));
  await append(log, erasure(2));
  const { eraser } = start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => deletion.deleted.length === 3);
  t.deepEqual(
    new Set(deletion.deleted.map(({ subject }) => subject)),
    new Set([subjects.key(userIdOf(1)), subjects.key(userIdOf(2)), subjects.claim(claimOf(2))]),
  );
  await waitUntil(() => shared.noted.length === 1);
  t.is(shared.noted[0]?.userId, userIdOf(2));
  shared.attempts = [{ id: userIdOf(3), claim, position: 3 }];
  shared.covered = 4;
  await waitUntil(() => isDone(deletion, 1));
  t.deepEqual(
    deletion.deleted.slice(3).map(({ subject }) => subject),
    [subjects.attempt(userIdOf(3)), subjects.claim(claim), deletionOf(1)],
  );
  await waitUntil(() => eraser.progress()?.left === 1);
  shared.covered = 5;
  await waitUntil(() => isDone(deletion, 2));
});

test('a later release of a claim waits for the attempts of an earlier erasure', async (t) => {
  const [log, deletion] = [createMemoryLog(), createRecordingDeletion()];
  const [claim, k, id] = [claimOf(1), claimOf(2), userIdOf(7)];
  const shared = createSharedErasures();
  Object.assign(shared, { covered: 0, attempts: [{ id, claim, position: 0 }] });
  const first = deletionMessage(1, { claims: [k], addresses: [claim] });
  await append(log, [first], [deletionMessage(2, { claims: [k] })]);
  start(t, { log, deletion, store: createMemoryEraserStore(shared, 'a') });
  await delay(100, signal);
  t.is(deletion.deleted.length, 0);
  shared.covered = forEver;
  await waitUntil(() => deletion.deleted.length >= 5);
  t.is(deletion.deleted[0]?.subject, subjects.attempt(id));
});

test('leaves everything that no commit asks to delete', async (t) => {
  const log = createMemoryLog();
  const deletion = createRecordingDeletion();
  await append(log, registeredMessages(1, dataKeys), registeredMessages(2, dataKeys), erasure(2));
  start(t, { log, deletion, store: createMemoryEraserStore(createSharedErasures(), 'a') });
  await waitUntil(() => isDone(deletion, 2));
  t.deepEqual(
    deletion.deleted.map(({ subject }) => subject),
    [subjects.key(userIdOf(2)), subjects.claim(claimOf(2)), deletionOf(2)],
  );
});

test('a claim with endless records holds up neither others nor more than its own erasure', async (t) => {
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
  for (let n = 1; n <= 9; n += 1) await append(log, erasure(n));
  const { eraser } = start(t, {
    log,
    deletion: slow,
    store: createMemoryEraserStore(shared, 'a'),
  });
  // All eight turns at once are taken by the endless ones.
  await waitUntil(() => shared.noted.length === 1 && turns.length > 2 * endless.size);
  t.is(shared.noted[0]?.userId, userIdOf(9));
  t.is(eraser.status().state, 'active');
  await waitUntil(() => eraser.progress()?.left === 8);
  isEndless = false;
  await waitUntil(() => eraser.progress()?.left === 0);
  t.is(shared.noted.length, 9);
});

test('a backlog of erasures asks few questions at once', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const deletion = createRecordingDeletion();
  let asking = 0;
  let most = 0;
  const counted = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    asking += 1;
    most = Math.max(most, asking);
    await delay(1, signal);
    asking -= 1;
    return ask();
  };
  const store = createMemoryEraserStore(shared, 'a');
  for (let n = 1; n <= 100; n += 1) await append(log, erasure(n));
  start(t, {
    log,
    deletion,
    servers: (end) => counted(() => wholeCluster(end)),
    store: { ...store, noteErasure: (erasure) => counted(() => store.noteErasure(erasure)) },
  });
  await waitUntil(() => shared.noted.length === 100);
  t.is(most, 4);
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
  await append(log, erasure(1));
  start(t, { log, deletion: late, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => deletion.deleted.length === 1);
  t.deepEqual(shared.noted, []);
  resolve();
  await waitUntil(() => isDone(deletion, 1));
  t.deepEqual(
    deletion.deleted.map(({ subject }) => subject),
    [subjects.key(userIdOf(1)), subjects.claim(claimOf(1)), deletionOf(1)],
  );
  t.is(shared.noted.length, 1);
});

test('servers that are away are named before anything is deleted, and again when it is done', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const steps: string[] = [];
  const deletion: SecureDeletion = {
    deleteUpTo: async (subject) => steps.push(`${subject}, ${shared.noted.length} noted`),
  };
  await append(log, erasure(1, { claims: [] }));
  const servers = async () => ({ head: forEver, leader: 'n1', silent: ['n2'], catchingUp: [] });
  start(t, { log, deletion, servers, store: createMemoryEraserStore(shared, 'a') });
  await waitUntil(() => steps.length === 2);
  t.deepEqual(steps, [`${subjects.key(userIdOf(1))}, 1 noted`, `${deletionOf(1)}, 2 noted`]);
  const named = { userId: userIdOf(1), position: 1, behind: ['n2'] };
  t.deepEqual(shared.noted, [
    { ...named, isDone: false },
    { ...named, isDone: true },
  ]);
});

test('a server that catches up within the grace is not named, one that does not is', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  await append(log, erasure(1));
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

test('a fault stalls it, and the deletion is done again', async (t) => {
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
  await append(log, erasure(1));
  const store = createMemoryEraserStore(shared, 'a');
  const { eraser } = start(t, { log, store, deletion: broken });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { stall: { kind: 'fault', reason: 'TypeError' } });
  t.is(eraser.progress(), undefined);
  isBroken = false;
  await waitUntil(() => isDone(deletion, 1));
  await waitUntil(() => eraser.status().state === 'active');
  t.is(deletion.deleted.length, 3);
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

test('does not believe that nothing is left when the log that said so is behind', async (t) => {
  const log = createMemoryLog();
  const deletion = createRecordingDeletion();
  await append(log, erasure(1));
  // Another server answers for the log by the time of the deletions, until the fault was seen.
  let isOver = false;
  const servers = async () => {
    const head = deletion.deleted.length === 2 && !isOver ? 0 : forEver;
    return { head, leader: 'n1', silent: [], catchingUp: [] };
  };
  const store = createMemoryEraserStore(createSharedErasures(), 'a');
  const { eraser } = start(t, { log, deletion, servers, store });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { stall: { reason: 'StaleLeaderError' } });
  isOver = true;
  await waitUntil(() => isDone(deletion, 1));
  const named = [subjects.key(userIdOf(1)), subjects.claim(claimOf(1))];
  t.deepEqual(
    deletion.deleted.map(({ subject }) => subject),
    [...named, ...named, deletionOf(1)],
  );
});

test('stalls at a record that cannot be read, because nobody knows what it asks for', async (t) => {
  const log = createMemoryLog();
  await append(log, [{ subject: deletionOf(1), data: '{', expectedPosition: 0 }]);
  const store = createMemoryEraserStore(createSharedErasures(), 'a');
  const { eraser } = start(t, { log, store, deletion: createRecordingDeletion() });
  await waitUntil(() => eraser.status().state === 'stalled');
  t.like(eraser.status(), { stall: { reason: 'UnreadableRecordError' } });
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
  await append(log, erasure(1));
  await waitUntil(() => isDone(deletion, 1));
  t.is(second.eraser.status().state, 'active');
});

test('an eraser whose lease is gone stands by', async (t) => {
  const log = createMemoryLog();
  const shared = createSharedErasures();
  const store = createMemoryEraserStore(shared, 'a');
  const { eraser } = start(t, { log, store, deletion: createRecordingDeletion() });
  await waitUntil(() => eraser.status().state === 'active');
  shared.holder = 'b';
  await waitUntil(() => eraser.status().state === 'standby');
  t.is(eraser.progress(), undefined);
});
