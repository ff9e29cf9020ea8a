import type { EventLog, LogRecord } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger } from '@zameni/runtime/testing';
import test from 'ava';
import { signal } from '../../log/log.fixture.ts';
import { createCommitter } from '../committer.ts';
import type { Intent } from './group.ts';

const logger = createSilentLogger();

type Count = { readonly count: number; readonly decidedFrom: number | undefined };

/** Adds one to the number on a subject; answers the number and the position it was decided from. */
function countIntent(subject: string, ...known: readonly LogRecord[]): Intent<Count> {
  return {
    reads: [subject],
    known: new Map(known.map((record) => [record.subject, record])),
    decide: (state) => {
      const before = state.get(subject);
      const count = Number(before?.data ?? 0) + 1;
      return {
        messages: [{ subject, data: `${count}` }],
        answer: () => ({ count, decidedFrom: before?.position }),
      };
    },
  };
}

/** A memory log that counts reads of replicas, and how its appends ended. */
function createWatchedLog() {
  const memory = createMemoryLog();
  const outcomes: string[] = [];
  const asked = { replicas: 0 };
  const log: EventLog = {
    ...memory,
    append: async (messages, abort) => {
      const outcome = await memory.append(messages, abort);
      outcomes.push(outcome.status);
      return outcome;
    },
    readLast: (subjects, abort) => {
      asked.replicas += 1;
      return memory.readLast(subjects, abort);
    },
  };
  return { log, asked, outcomes };
}

/** The records of a subject after `count` appends to it. */
async function writeCounts(log: EventLog, subject: string, count: number) {
  for (let n = 1; n <= count; n += 1) {
    const expectedPosition = (await log.readLastFromLeader(subject, signal))?.position ?? 0;
    await log.append([{ subject, data: `${n}`, expectedPosition }], signal);
  }
  return log.readSubject(subject, signal);
}

test('a group is decided optimistically from what its intents have read', async (t) => {
  const { log, asked, outcomes } = createWatchedLog();
  const records = await writeCounts(log, 'account.a', 2);
  await using committer = createCommitter(log, logger);
  const answer = await committer.submit(countIntent('account.a', ...records));
  t.deepEqual(answer, { count: 3, decidedFrom: records[1]?.position });
  t.deepEqual(outcomes, ['appended', 'appended', 'appended']);
  t.is(asked.replicas, 0);
});

test('of two known records the newer counts, in either order', async (t) => {
  const { log, outcomes } = createWatchedLog();
  const [older, newer] = await writeCounts(log, 'account.a', 2);
  if (older === undefined || newer === undefined) return t.fail('two were written');
  await using committer = createCommitter(log, logger);
  for (const [first, second] of [
    [older, newer],
    [newer, older],
  ] as const) {
    const seen: (number | undefined)[] = [];
    const look = (known: LogRecord): Intent<void> => ({
      reads: ['account.a'],
      known: new Map([['account.a', known]]),
      decide: (state) => {
        seen.push(state.get('account.a')?.position);
        return { messages: [], answer: () => undefined };
      },
    });
    await Promise.all([committer.submit(look(first)), committer.submit(look(second))]);
    t.deepEqual(seen, [newer.position, newer.position]);
  }
  t.deepEqual(outcomes, ['appended', 'appended']);
});

test('an intent whose known record is old is decided again from the log', async (t) => {
  const { log, outcomes } = createWatchedLog();
  const [older, newer] = await writeCounts(log, 'account.a', 2);
  if (older === undefined) return t.fail('two were written');
  await using committer = createCommitter(log, logger);
  const answer = await committer.submit(countIntent('account.a', older));
  t.deepEqual(answer, { count: 3, decidedFrom: newer?.position });
  t.deepEqual(outcomes.slice(2), ['conflict', 'appended']);
});

test('a replica that lags does not hide a known record', async (t) => {
  const { log, outcomes } = createWatchedLog();
  const records = await writeCounts(log, 'account.a', 2);
  const lagging: EventLog = { ...log, readLast: async () => new Map() };
  await using committer = createCommitter(lagging, logger);
  await writeCounts(log, 'account.b', 1);
  // The leader decides the conflict; from here on groups are read pessimistically.
  t.is((await committer.submit(countIntent('account.b'))).count, 2);
  const before = outcomes.length;
  t.is((await committer.submit(countIntent('account.a', ...records))).count, 3);
  t.deepEqual(outcomes.slice(before), ['appended']);
});

test('an earlier decision of the same group is seen without a position', async (t) => {
  const { log } = createWatchedLog();
  const records = await writeCounts(log, 'account.a', 1);
  await using committer = createCommitter(log, logger);
  const seen: unknown[] = [];
  await Promise.all([
    committer.submit(countIntent('account.a', ...records)),
    committer.submit({
      reads: ['account.a'],
      decide: (state) => {
        seen.push(state.get('account.a'));
        return { messages: [], answer: () => undefined };
      },
    }),
  ]);
  t.deepEqual(seen, [{ data: '2', position: undefined }]);
});

test('rivals for one account succeed in turn without a conflict in the log', async (t) => {
  const { log, outcomes } = createWatchedLog();
  const records = await writeCounts(log, 'account.a', 1);
  await using committer = createCommitter(log, logger, { lingerMs: 0 });
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => committer.submit(countIntent('account.a', ...records))),
  );
  t.deepEqual(
    answers.map(({ count }) => count).toSorted((a, b) => a - b),
    Array.from({ length: 30 }, (_, n) => n + 2),
  );
  t.deepEqual(new Set(outcomes), new Set(['appended']));
});

test('known records are no reason to read groups pessimistically for ever', async (t) => {
  const { log, asked } = createWatchedLog();
  await using committer = createCommitter(log, logger);
  let records = await writeCounts(log, 'account.a', 1);
  await committer.submit(countIntent('account.a'));
  for (let n = 0; n < 60; n += 1) {
    records = await log.readSubject('account.a', signal);
    await committer.submit(countIntent('account.a', ...records));
  }
  const after = asked.replicas;
  t.true(after < 40, `${after} groups were read`);
});
