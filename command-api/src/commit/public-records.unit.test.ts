import { createLogger, type EventLog, type LogMessage } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { signal } from '../log/log.fixture.ts';
import { createCommitter } from './committer.ts';
import { createDeadline } from './deadline.ts';
import { createPublicRecords } from './public-records.ts';

/** Public records on a log in memory, and what each append of it held. */
function createRecords(t: ExecutionContext) {
  const memory = createMemoryLog();
  const appends: (readonly LogMessage[])[] = [];
  const asked: string[] = [];
  const log: EventLog = {
    ...memory,
    append: (messages, end) => {
      appends.push(messages);
      return memory.append(messages, end);
    },
    readLast: (...about) => {
      asked.push('readLast');
      return memory.readLast(...about);
    },
    readLastFromLeader: (...about) => {
      asked.push('readLastFromLeader');
      return memory.readLastFromLeader(...about);
    },
  };
  const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
  const committer = createCommitter(log, logger);
  t.teardown(() => committer[Symbol.asyncDispose]());
  return { records: createPublicRecords(committer), memory, appends, asked };
}

const deadline = createDeadline(600_000);

const recordOf = (n: number) => ({
  subject: `zameni.mail-wish.${n}`,
  data: `${n}`,
  ttlSeconds: 60,
});

test('a record is appended as it is, and resolves with its position', async (t) => {
  const { records, appends } = createRecords(t);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  t.is(await records.append({ ...recordOf(1), traceparent }, deadline), 1);
  t.deepEqual(appends, [[{ ...recordOf(1), traceparent, expectedPosition: 0 }]]);
});

test('records of a crowd share appends, and nothing is read for them', async (t) => {
  const { records, memory, appends, asked } = createRecords(t);
  const crowd = Array.from({ length: 2_000 }, (_, n) => n);
  const positions = await Promise.all(crowd.map((n) => records.append(recordOf(n), deadline)));
  t.is(new Set(positions).size, crowd.length);
  t.is(await memory.head(signal), crowd.length);
  t.true(appends.length < 20);
  t.deepEqual(asked, []);
  for (const n of [0, 999, 1_999]) {
    const record = await memory.readLastFromLeader(recordOf(n).subject, signal);
    t.is(record?.position, positions[n]);
  }
});
