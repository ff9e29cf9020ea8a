import { AppError, createLogger, type EventLog, type LogRecord } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import { createCommitter } from './committer.ts';
import type { Intent } from './group.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const signal = AbortSignal.timeout(600_000);

type Count = { readonly count: number; readonly decidedFrom: number | undefined };

/** Adds one to the number on a subject; answers the number and the position it was decided from. */
function countIntent(subject: string, ...presumed: readonly LogRecord[]): Intent<Count> {
  return {
    reads: [subject],
    presumed: new Map(presumed.map((record) => [record.subject, record])),
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

/** Writes as many messages as it is told, whatever there is. */
function writeIntent(name: string, count: number, maxMessages?: number): Intent<number> {
  return {
    reads: [],
    ...(maxMessages === undefined ? {} : { maxMessages }),
    decide: () => ({
      messages: Array.from({ length: count }, (_, n) => ({ subject: `${name}.${n}`, data: '{}' })),
      answer: (position) => position,
    }),
  };
}

/** A memory log that tells how its appends ended, and how often any replica was asked. */
function createWatchedLog() {
  const memory = createMemoryLog();
  const appends: { readonly status: string; readonly size: number }[] = [];
  const asked = { anywhere: 0 };
  const log: EventLog = {
    ...memory,
    append: async (messages, abort) => {
      const outcome = await memory.append(messages, abort);
      appends.push({ status: outcome.status, size: messages.length });
      return outcome;
    },
    readLast: (subjects, abort) => {
      asked.anywhere += 1;
      return memory.readLast(subjects, abort);
    },
  };
  const outcomes = () => appends.map(({ status }) => status);
  return { log, appends, asked, outcomes };
}

/** The records of a subject after `count` appends to it. */
async function writeCounts(log: EventLog, subject: string, count: number) {
  for (let n = 1; n <= count; n += 1) {
    const expectedPosition = (await log.readLastFromLeader(subject, signal))?.position ?? 0;
    await log.append([{ subject, data: `${n}`, expectedPosition }], signal);
  }
  return log.readSubject(subject, signal);
}

test('what was read beforehand is appended to at the first try, unread', async (t) => {
  const { log, asked, outcomes } = createWatchedLog();
  const records = await writeCounts(log, 'account.a', 2);
  await using committer = createCommitter(log, logger);
  const answer = await committer.submit(countIntent('account.a', ...records));
  t.deepEqual(answer, { count: 3, decidedFrom: records[1]?.position });
  t.deepEqual(outcomes(), ['appended', 'appended', 'appended']);
  t.is(asked.anywhere, 0);
});

test('of two presumed records the newer counts, in either order', async (t) => {
  const { log, outcomes } = createWatchedLog();
  const [older, newer] = await writeCounts(log, 'account.a', 2);
  if (older === undefined || newer === undefined) return t.fail('two were written');
  await using committer = createCommitter(log, logger);
  for (const [first, second] of [
    [older, newer],
    [newer, older],
  ] as const) {
    const seen: (number | undefined)[] = [];
    const look = (presumed: LogRecord): Intent<void> => ({
      reads: ['account.a'],
      presumed: new Map([['account.a', presumed]]),
      decide: (state) => {
        seen.push(state.get('account.a')?.position);
        return { messages: [], answer: () => undefined };
      },
    });
    await Promise.all([committer.submit(look(first)), committer.submit(look(second))]);
    t.deepEqual(seen, [newer.position, newer.position]);
  }
  t.deepEqual(outcomes(), ['appended', 'appended']);
});

test('what was presumed and is old by now is decided again from the log', async (t) => {
  const { log, outcomes } = createWatchedLog();
  const [older, newer] = await writeCounts(log, 'account.a', 2);
  if (older === undefined) return t.fail('two were written');
  await using committer = createCommitter(log, logger);
  const answer = await committer.submit(countIntent('account.a', older));
  t.deepEqual(answer, { count: 3, decidedFrom: newer?.position });
  t.deepEqual(outcomes().slice(2), ['conflict', 'appended']);
});

test('a replica that lags does not hide what was presumed', async (t) => {
  const { log, outcomes } = createWatchedLog();
  const records = await writeCounts(log, 'account.a', 2);
  const lagging: EventLog = { ...log, readLast: async () => new Map() };
  await using committer = createCommitter(lagging, logger);
  await writeCounts(log, 'account.b', 1);
  // Met unawares, and settled by the leader: from here on groups are read before they are decided.
  t.is((await committer.submit(countIntent('account.b'))).count, 2);
  const before = outcomes().length;
  t.is((await committer.submit(countIntent('account.a', ...records))).count, 3);
  t.deepEqual(outcomes().slice(before), ['appended']);
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

test('rivals for one account follow each other without a conflict in the log', async (t) => {
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
  t.deepEqual(new Set(outcomes()), new Set(['appended']));
});

test('groups are not read for ever because accounts exist', async (t) => {
  const { log, asked } = createWatchedLog();
  await using committer = createCommitter(log, logger);
  let records = await writeCounts(log, 'account.a', 1);
  await committer.submit(countIntent('account.a'));
  for (let n = 0; n < 60; n += 1) {
    records = await log.readSubject('account.a', signal);
    await committer.submit(countIntent('account.a', ...records));
  }
  const after = asked.anywhere;
  t.true(after < 40, `${after} groups were read`);
});

test('an intent takes the room in a group that it declares', async (t) => {
  const { log, appends } = createWatchedLog();
  await using committer = createCommitter(log, logger, { maxGroupMessages: 48, maxGroups: 1 });
  const names = Array.from({ length: 5 }, (_, n) => `account.${n}`);
  await Promise.all(names.map((name) => committer.submit(writeIntent(name, 24, 24))));
  t.deepEqual(
    appends.map(({ size }) => size),
    [48, 48, 24],
  );
});

test('a decision with more messages than declared fails alone', async (t) => {
  const { log } = createWatchedLog();
  await using committer = createCommitter(log, logger);
  const faulty = t.throwsAsync(committer.submit(writeIntent('account.a', 4)), {
    instanceOf: AppError,
  });
  t.is(await committer.submit(writeIntent('account.b', 3)), 3);
  t.is((await faulty)?.code, 'internal');
});

test('an intent that no group has room for is refused at once', async (t) => {
  const { log } = createWatchedLog();
  await using committer = createCommitter(log, logger, { maxGroupMessages: 10 });
  const error = await t.throwsAsync(committer.submit(writeIntent('account.a', 11, 11)), {
    instanceOf: AppError,
  });
  t.is(error?.code, 'internal');
});
