import { randomBytes } from 'node:crypto';
import { parseKeyRecord, subjects } from '@zameni/contracts';
import {
  createDataKeys,
  createLogger,
  type EventLog,
  type KeyRingSource,
  type LogMessage,
  type SecureDeletion,
  toKeyRingSource,
} from '@zameni/runtime';
import { createMemoryLog, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { erasedMessages, registeredMessages, userIdOf } from '../accounts.fixture.ts';
import {
  createMemoryEraserStore,
  createRecordingDeletion,
  createSharedErasures,
} from '../erasure/memory-eraser.fixture.ts';
import { createRewrapper } from './rewrapper.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const { signal } = new AbortController();
const keks = new Map(['1', '2', '3'].map((id) => [id, randomBytes(32)]));

/** A replaceable ring of these keys. The last one is current. */
function createRing(...ids: readonly string[]) {
  const of = (ids: readonly string[]) => ({
    current: ids.at(-1) ?? '',
    keys: new Map([...keks].filter(([id]) => ids.includes(id))),
  });
  let ring = of(ids);
  const source: KeyRingSource = { current: () => ring, find: (id) => ring.keys.get(id) };
  return { source, replace: (...ids: readonly string[]) => (ring = of(ids)) };
}

const oldKeys = createDataKeys(createRing('1').source);

function start(
  t: ExecutionContext,
  log: EventLog & SecureDeletion,
  { source, deletion }: { source: KeyRingSource; deletion?: SecureDeletion },
) {
  const stopping = new AbortController();
  const recording = createRecordingDeletion(log);
  const store = createMemoryEraserStore(createSharedErasures(log), 'a');
  const rewrapper = createRewrapper({
    log,
    deletion: deletion ?? recording,
    dataKeys: createDataKeys(source),
    keyRing: source,
    store,
    logger,
    standbyMs: 5,
    idleMs: 5,
  });
  const running = rewrapper.run(stopping.signal);
  const stop = () => {
    stopping.abort();
    return running;
  };
  t.teardown(stop);
  return { rewrapper, deleted: recording.deleted, stop };
}

async function append(log: EventLog, ...groups: readonly LogMessage[][]): Promise<void> {
  for (const messages of groups) {
    const { status } = await log.append(messages, signal);
    if (status !== 'appended') throw new Error(status);
  }
}

const people = (...ns: readonly number[]) => ns.map((n) => registeredMessages(n, oldKeys));

async function keyOf(log: EventLog, n: number) {
  const record = await log.readLastFromLeader(subjects.key(userIdOf(n)), signal);
  return record && parseKeyRecord(record.data);
}

/** Whether two records of the n-th person hold the same data key. */
function isSameKey(n: number, a: LogMessage | undefined, ring: KeyRingSource, log: EventLog) {
  return keyOf(log, n).then((b) => {
    const keys = createDataKeys(ring);
    const first = keys.open(userIdOf(n), JSON.parse(a?.data ?? ''));
    return b !== undefined && keys.open(userIdOf(n), b).equals(first);
  });
}

test('wraps every key by the current one and deletes the older record', async (t) => {
  const log = createMemoryLog();
  const groups = people(1, 2, 3);
  await append(log, ...groups);
  const { source } = createRing('1', '2');
  const { rewrapper, deleted } = start(t, log, { source });
  await waitUntil(() => rewrapper.progress()?.left === 0);
  t.deepEqual(rewrapper.progress(), { kek: '2', left: 0, unusable: 0 });
  for (const n of [1, 2, 3]) {
    t.like(await keyOf(log, n), { kek: '2', version: 2 });
    t.true(await isSameKey(n, groups[n - 1]?.[1], source, log));
  }
  t.deepEqual(
    deleted.toSorted((a, b) => a.upTo - b.upTo),
    [1, 2, 3].map((n) => ({ subject: subjects.key(userIdOf(n)), upTo: 3 * n - 1 })),
  );
});

test('with one key in the ring nothing is read or written', async (t) => {
  const log = createMemoryLog();
  await append(log, ...people(1));
  const readBatches: EventLog['readBatches'] = () => t.fail();
  const { rewrapper } = start(t, { ...log, readBatches }, { source: createRing('1').source });
  await waitUntil(() => rewrapper.progress() !== undefined);
  t.deepEqual(rewrapper.progress(), { kek: '1', left: 0, unusable: 0 });
});

test('also wraps keys that another process still wraps by the older key', async (t) => {
  const log = createMemoryLog();
  await append(log, ...people(1));
  const { rewrapper } = start(t, log, { source: createRing('1', '2').source });
  await waitUntil(() => rewrapper.progress()?.left === 0);
  await append(log, ...people(2));
  await waitUntil(async () => (await keyOf(log, 2))?.kek === '2');
  t.like(await keyOf(log, 1), { version: 2 });
});

test('starts again when the ring changes', async (t) => {
  const log = createMemoryLog();
  await append(log, ...people(1));
  const ring = createRing('1', '2');
  const { rewrapper } = start(t, log, { source: ring.source });
  await waitUntil(() => rewrapper.progress()?.left === 0);
  ring.replace('1', '2', '3');
  await waitUntil(() => rewrapper.progress()?.kek === '3' && rewrapper.progress()?.left === 0);
  t.like(await keyOf(log, 1), { kek: '3', version: 3 });
});

test('after an interruption between writing and deleting it only deletes', async (t) => {
  const log = createMemoryLog();
  await append(log, ...people(1));
  const { source } = createRing('1', '2');
  const broken: SecureDeletion = { deleteUpTo: () => Promise.reject(new TypeError('away')) };
  const first = start(t, log, { source, deletion: broken });
  await waitUntil(() => first.rewrapper.status().state === 'stalled');
  t.like(first.rewrapper.status(), { reason: 'TypeError' });
  await first.stop();
  const written = await log.head(signal);
  const { rewrapper, deleted } = start(t, log, { source });
  await waitUntil(() => rewrapper.progress()?.left === 0);
  t.is(await log.head(signal), written);
  t.deepEqual(deleted, [{ subject: subjects.key(userIdOf(1)), upTo: written - 1 }]);
});

test('two re-wrappers leave one record by the current key for each person', async (t) => {
  const log = createMemoryLog();
  const ns = Array.from({ length: 20 }, (_, n) => n + 1);
  await append(log, ...people(...ns));
  const { source } = createRing('1', '2');
  const both = [start(t, log, { source }), start(t, log, { source })];
  for (const { rewrapper } of both) await waitUntil(() => rewrapper.progress()?.left === 0);
  for (const n of ns) t.like(await keyOf(log, n), { kek: '2', version: 2 });
  t.is(await log.head(signal), 4 * ns.length);
});

test('a key that no key of the ring opens stays, is counted, and delays no other', async (t) => {
  const log = createMemoryLog();
  const strange = createDataKeys({ current: '1', keys: new Map([['1', randomBytes(32)]]) });
  await append(log, registeredMessages(1, strange), ...people(2));
  const { rewrapper, deleted } = start(t, log, { source: createRing('1', '2').source });
  await waitUntil(() => rewrapper.progress()?.left === 1);
  t.deepEqual(rewrapper.progress(), { kek: '2', left: 1, unusable: 1 });
  t.like(await keyOf(log, 1), { kek: '1', version: 1 });
  t.like(await keyOf(log, 2), { kek: '2', version: 2 });
  t.deepEqual(
    deleted.map(({ subject }) => subject),
    [subjects.key(userIdOf(2))],
  );
});

test('deletes a re-wrapped key if its person was erased during the re-wrap', async (t) => {
  const log = createMemoryLog();
  const { source } = createRing('1', '2');
  const groups = people(1);
  await append(log, ...groups);
  // The leader took the append before the eraser's deletion and stored it after that.
  const record = JSON.parse(groups[0]?.[1]?.data ?? '');
  const rewrapped = createDataKeys(source).rewrap(userIdOf(1), record);
  const subject = subjects.key(userIdOf(1));
  await append(log, erasedMessages(1, 3));
  await append(log, [{ subject, data: JSON.stringify(rewrapped), expectedPosition: 2 }]);
  const { deleted } = start(t, log, { source });
  await waitUntil(() => deleted.some(({ upTo }) => upTo === Number.MAX_SAFE_INTEGER));
  t.deepEqual(deleted.at(-1), { subject, upTo: Number.MAX_SAFE_INTEGER });
});

test('is not done before another pass has looked for erased people', async (t) => {
  const memory = createMemoryLog();
  await append(memory, ...people(1));
  const { source } = createRing('1', '2');
  let isErased = false;
  const log: typeof memory = {
    ...memory,
    append: async (messages, abort) => {
      if (!isErased) await append(memory, erasedMessages(1, 3));
      isErased = true;
      return memory.append(messages, abort);
    },
  };
  const leftAtDeletion: unknown[] = [];
  const deletion: SecureDeletion = {
    deleteUpTo: async (_, upTo) => {
      if (upTo === Number.MAX_SAFE_INTEGER) leftAtDeletion.push(rewrapper.progress()?.left);
      return 1;
    },
  };
  const { rewrapper } = start(t, log, { source, deletion });
  await waitUntil(() => rewrapper.progress()?.left === 0);
  t.deepEqual(leftAtDeletion, [1]);
});

test('an erased person’s key is not written again', async (t) => {
  const memory = createMemoryLog();
  await append(memory, ...people(1));
  // The eraser deleted the record after it was read, so the leader has none.
  const log = {
    ...memory,
    readLastFromLeader: async () => undefined,
    countRecords: async () => ({ head: 3, bySubject: new Map() }),
  };
  const { rewrapper } = start(t, log, { source: toKeyRingSource(createRing('1', '2').source) });
  await waitUntil(() => rewrapper.progress()?.left === 0);
  t.is(await memory.head(signal), 3);
});

test('does not trust a leader that is behind a record it has read', async (t) => {
  const memory = createMemoryLog();
  await append(memory, ...people(1, 2));
  const log = {
    ...memory,
    readLastFromLeader: async () => undefined,
    countRecords: async () => ({ head: 1, bySubject: new Map() }),
  };
  const { rewrapper } = start(t, log, { source: createRing('1', '2').source });
  await waitUntil(() => rewrapper.status().state === 'stalled');
  t.like(rewrapper.status(), {
    reason: 'StaleLeaderError: the server that answers is behind a position that was read',
  });
});

test('does not trust a replica that lacks the erasure of a person whose key it wrote', async (t) => {
  const memory = createMemoryLog();
  await append(memory, ...people(1));
  await append(memory, erasedMessages(1, 3));
  const log: typeof memory = {
    ...memory,
    readSubject: async (subject, abort) => (await memory.readSubject(subject, abort)).slice(0, 1),
  };
  const deleted: string[] = [];
  const deletion: SecureDeletion = {
    deleteUpTo: async (subject, upTo) => {
      if (upTo === Number.MAX_SAFE_INTEGER) deleted.push(subject);
      return 1;
    },
  };
  const { rewrapper } = start(t, log, { source: createRing('1', '2').source, deletion });
  await waitUntil(() => rewrapper.status().state === 'stalled');
  t.like(rewrapper.status(), {
    reason: 'LeaderBehindError: a server lacks events of an account',
  });
  t.deepEqual(deleted, []);
});
