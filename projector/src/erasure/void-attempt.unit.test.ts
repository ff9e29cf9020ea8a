import { type AttemptRecord, parseAttemptRecord, parseOrThrow, subjects } from '@zameni/contracts';
import type { AppendOutcome, EventLog, LogMessage, SecureDeletion } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { claimOf, userIdOf } from '../accounts.fixture.ts';
import {
  attemptMessages,
  closedAttempt,
  closedMessages,
  EXPIRES_AT,
  openAttempt,
  voidedAttempt,
  voidedMessages,
} from '../attempts.fixture.ts';
import { append } from './eraser.fixture.ts';
import { createRecordingDeletion } from './memory-eraser.fixture.ts';
import { voidAttempt } from './void-attempt.ts';

const { signal } = new AbortController();
const NOW = '2026-03-04T06:00:00.000Z';
/** Seven days less 53 minutes and 52.911 seconds, rounded up, and the hour of grace. */
const TTL_SECONDS = 601_568 + 3_600;
const id = userIdOf(1);
const subject = subjects.attempt(id);
const [open, left] = [openAttempt(claimOf(1)), voidedAttempt(1)];

type Bent = Partial<Pick<EventLog, 'append' | 'head' | 'readLastFromLeader'>>;

/** A log with an attempt at 1 and another record at 2, which stands for an erasure. */
async function createSetup(bend: (log: EventLog) => Bent = () => ({}), now = NOW) {
  const memory = createMemoryLog();
  await append(memory, attemptMessages(1), attemptMessages(2));
  const appended: LogMessage[] = [];
  const log: EventLog = {
    ...memory,
    append: (messages, end) => {
      appended.push(...messages);
      return memory.append(messages, end);
    },
  };
  const recording = createRecordingDeletion(memory);
  return {
    memory,
    appended,
    deleted: recording.deleted,
    run: (before = 2, deletion: SecureDeletion = recording) => {
      const deps = { log: { ...log, ...bend(log) }, deletion, now: () => new Date(now) };
      return voidAttempt(deps, { id, before }, signal);
    },
    records: async () =>
      (await memory.readSubject(subject, signal)).map((record) =>
        parseOrThrow(parseAttemptRecord, record),
      ),
  };
}

test('replaces an attempt by a void record until its instant', async (t) => {
  const { appended, deleted, run, records } = await createSetup();
  t.true(await run());
  t.deepEqual(appended, [
    { subject, data: JSON.stringify(left), expectedPosition: 1, ttlSeconds: TTL_SECONDS },
  ]);
  t.deepEqual(deleted, [{ subject, upTo: 1 }]);
  t.deepEqual(await records(), [left]);
  t.like(left, { expiresAt: EXPIRES_AT, key: open.key, retry: open.retry });
  for (const name of ['claim', 'sealed']) t.false(name in left);
});

test('the void record lies in the log before the attempt is deleted', async (t) => {
  const { run, records } = await createSetup();
  let seen: readonly AttemptRecord[] = [];
  const deleteUpTo = async () => {
    seen = await records();
    throw new TypeError('cut off');
  };
  await t.throwsAsync(run(2, { deleteUpTo }), { instanceOf: TypeError });
  t.deepEqual(seen, [open, left]);
});

test('after an interruption between the two it only deletes', async (t) => {
  const { appended, run, records } = await createSetup();
  const deleteUpTo = async () => Promise.reject(new TypeError('cut off'));
  await t.throwsAsync(run(2, { deleteUpTo }), { instanceOf: TypeError });
  t.true(await run());
  t.is(appended.length, 1);
  t.deepEqual(await records(), [left]);
});

for (const [now, ttlSeconds] of [
  [EXPIRES_AT, 3_600],
  ['2026-03-11T06:00:00.000Z', 368],
  ['2026-03-12T00:00:00.000Z', 1],
] as const) {
  test(`a void record made at ${now} stays as long as its attempt would have`, async (t) => {
    const { appended, run, records } = await createSetup(undefined, now);
    t.true(await run());
    t.like(appended, [{ ttlSeconds }]);
    t.deepEqual(await records(), [left]);
  });
}

test('deletes the attempt on a full log and leaves nothing', async (t) => {
  const { run, records } = await createSetup(() => ({
    append: async () => ({ status: 'full', cause: new Error('no room') }),
  }));
  t.false(await run());
  t.deepEqual(await records(), []);
});

test('deletes only the older records of a void or closed attempt', async (t) => {
  for (const [messages, last] of [
    [voidedMessages(1, 1), left],
    [closedMessages(1, 1, 'erasure'), closedAttempt(1, 'erasure')],
    [closedMessages(1, 1, { provenTo: id }), closedAttempt(1, { provenTo: id })],
  ] as const) {
    const { memory, appended, run, records } = await createSetup();
    await append(memory, messages);
    t.true(await run());
    t.deepEqual(appended, []);
    t.deepEqual(await records(), [last]);
  }
});

test('an id that is used again after the erasure keeps its attempt', async (t) => {
  const { memory, appended, deleted, run, records } = await createSetup();
  const again = openAttempt(claimOf(9));
  await append(memory, [{ subject, data: JSON.stringify(again), expectedPosition: 1 }]);
  t.true(await run());
  t.deepEqual(appended, []);
  t.deepEqual(deleted, [{ subject, upTo: 1 }]);
  t.deepEqual(await records(), [again]);
});

test('reads the log again after a conflict', async (t) => {
  const { memory, run, records } = await createSetup((log) => ({
    append: async (messages, end) => {
      await append(memory, closedMessages(1, 1, 'erasure'));
      return log.append(messages, end);
    },
  }));
  t.true(await run());
  t.deepEqual(await records(), [closedAttempt(1, 'erasure')]);
});

test('finds its append whose answer was lost', async (t) => {
  const cause = new Error('silent');
  const { appended, run, records } = await createSetup((log) => ({
    append: async (messages, end) => {
      await log.append(messages, end);
      return { status: 'unknown', cause };
    },
  }));
  t.true(await run());
  t.is(appended.length, 1);
  t.deepEqual(await records(), [left]);
});

test('tries again after a failed append', async (t) => {
  const cause = new Error('away');
  const outcomes: AppendOutcome[] = [{ status: 'busy' }, { status: 'unknown', cause }];
  const { run, records } = await createSetup((log) => ({
    append: async (messages, end) => outcomes.shift() ?? log.append(messages, end),
  }));
  t.true(await run());
  t.deepEqual(await records(), [left]);
});

test('does nothing for an attempt that is gone from the log', async (t) => {
  const { memory, appended, run } = await createSetup();
  await memory.deleteUpTo(subject, 1, signal);
  t.false(await run());
  t.deepEqual(appended, []);
});

test('does not trust a leader that is behind the erasure', async (t) => {
  let looks = 0;
  const { run, records } = await createSetup((log) => ({
    readLastFromLeader: async (name, end) => {
      looks += 1;
      return looks < 3 ? undefined : log.readLastFromLeader(name, end);
    },
    head: async () => 1,
  }));
  t.true(await run());
  t.is(looks, 3);
  t.deepEqual(await records(), [left]);
});

test('a leader that stays behind and an attempt with constant conflicts are faults', async (t) => {
  const bent: readonly Bent[] = [
    { readLastFromLeader: async () => undefined, head: async () => 1 },
    { append: async () => ({ status: 'conflict' }) },
  ];
  for (const bend of bent) {
    const { run, records } = await createSetup(() => bend);
    await t.throwsAsync(run(), { name: 'ReplaceError' });
    t.deepEqual(await records(), [open]);
  }
});

test('an unreadable record is a fault', async (t) => {
  const { memory, deleted, run } = await createSetup();
  await append(memory, [{ subject, data: '{"state":"open"}', expectedPosition: 1 }]);
  await t.throwsAsync(run(), { name: 'UnreadableRecordError' });
  t.deepEqual(deleted, []);
});

test('a log that refuses the void record for good is a fault', async (t) => {
  const cause = new Error('too large');
  const { deleted, run } = await createSetup(() => ({
    append: async () => ({ status: 'rejected', cause }),
  }));
  const error = await t.throwsAsync(run(), { name: 'ReplaceError' });
  t.is(error?.cause, cause);
  t.deepEqual(deleted, []);
});
