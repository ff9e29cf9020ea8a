import {
  AppError,
  createLogger,
  type EventLog,
  type LogMessage,
  SPANS,
  withSpan,
} from '@zameni/runtime';
import {
  collectTelemetry,
  createMemoryLog,
  inTrace,
  observeLog,
  toTraceparent,
  waitUntil,
} from '@zameni/runtime/testing';
import test from 'ava';
import { signal } from '../log/log.fixture.ts';
import { createAppendAlone } from './append-alone.ts';
import { createDeadline } from './deadline.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const deadline = createDeadline(600_000);
const message: LogMessage = {
  subject: 'zameni.attempt.vera',
  data: '1',
  expectedPosition: 0,
  guard: 'zameni.*.vera',
};

test.serial('each append is in the trace of its request, whoever began the round', async (t) => {
  const telemetry = await collectTelemetry(t);
  const append = createAppendAlone(observeLog(createMemoryLog()), logger);
  await Promise.all(
    [1, 2].map((n) =>
      inTrace(toTraceparent(n), () =>
        withSpan(SPANS.publish, {}, () => {
          const { subject, guard } = { subject: `zameni.attempt.${n}`, guard: `zameni.*.${n}` };
          return append([{ ...message, subject, guard }], deadline);
        }),
      ),
    ),
  );
  t.deepEqual(
    telemetry.spansOf(SPANS.append).map(({ traceId }) => traceId),
    [1, 2].map((n) => toTraceparent(n).slice(3, 35)),
  );
});

test('a message whose guard holds is appended on its own', async (t) => {
  const log = createMemoryLog();
  const append = createAppendAlone(log, logger);
  t.is(await append([message], deadline), 1);
  const other = { subject: 'zameni.attempt.mila', guard: 'zameni.*.mila' };
  t.is(await append([{ ...message, ...other }], deadline), 2);
});

test('a message whose guard does not hold resolves with undefined', async (t) => {
  const log = createMemoryLog();
  const append = createAppendAlone(log, logger);
  await log.append([{ subject: 'zameni.account.vera', data: '1', expectedPosition: 0 }], signal);
  t.is(await append([message], deadline), undefined);
  t.is(await log.head(signal), 1);
});

test('an append whose reply is lost is found again', async (t) => {
  const memory = createMemoryLog();
  let isLost = false;
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      const outcome = await memory.append(...about);
      if (isLost) return outcome;
      isLost = true;
      return { status: 'unknown', cause: new Error('no answer') };
    },
  };
  t.is(await createAppendAlone(log, logger)([message], deadline), 1);
  t.is(await memory.head(signal), 1);
});

test('after its deadline it goes on, and its outcome is found by a retry', async (t) => {
  const memory = createMemoryLog();
  const { promise, resolve } = Promise.withResolvers<void>();
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      await promise;
      return memory.append(...about);
    },
  };
  const append = createAppendAlone(log, logger);
  await t.throwsAsync(append([message], createDeadline(20)), { code: 'log-unavailable' });
  t.is(await memory.head(signal), 0);
  resolve();
  await waitUntil(async () => (await memory.head(signal)) === 1);
  t.is(await append([message], deadline), undefined);
});

test('without an outcome it ends with its deadline', async (t) => {
  const log: EventLog = {
    ...createMemoryLog(),
    append: async () => ({ status: 'unknown', cause: new Error('no leader') }),
  };
  const append = createAppendAlone(log, logger);
  const error = await t.throwsAsync(append([message], createDeadline(30)), {
    instanceOf: AppError,
  });
  t.is(error?.code, 'log-unavailable');
  t.is(error?.retryAfterSeconds, 1);
});

test('a log that is full, or refuses the message, is not asked again', async (t) => {
  for (const status of ['full', 'rejected'] as const) {
    let asked = 0;
    const log: EventLog = {
      ...createMemoryLog(),
      append: async () => {
        asked += 1;
        return { status, cause: new Error(status) };
      },
    };
    const appending = createAppendAlone(log, logger)([message], deadline);
    await t.throwsAsync(appending, { code: 'log-unavailable' });
    t.is(asked, 1);
  }
});

test('an append beyond the bound is refused until one has ended', async (t) => {
  const memory = createMemoryLog();
  const { promise, resolve } = Promise.withResolvers<void>();
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      await promise;
      return memory.append(...about);
    },
  };
  const append = createAppendAlone(log, logger, 2);
  const underWay = [append([message], deadline), append([message], deadline)];
  const error = await t.throwsAsync(append([message], deadline), { instanceOf: AppError });
  t.is(error?.code, 'overloaded');
  resolve();
  t.deepEqual(new Set(await Promise.all(underWay)), new Set([1, undefined]));
  t.is(await append([message], deadline), undefined);
});

/** Messages of `count` ids, which cannot conflict. */
const messagesOf = (count: number) =>
  Array.from({ length: count }, (_, n): LogMessage[] => [
    { ...message, subject: `zameni.attempt.${n}`, guard: `zameni.*.${n}` },
  ]);

test('messages sent in one round are appended each on its own', async (t) => {
  const memory = createMemoryLog();
  const sizes: number[] = [];
  const log: EventLog = {
    ...memory,
    append: (messages, ...about) => {
      sizes.push(messages.length);
      return memory.append(messages, ...about);
    },
  };
  const append = createAppendAlone(log, logger);
  const positions = await Promise.all(messagesOf(100).map((each) => append(each, deadline)));
  t.is(new Set(positions).size, 100);
  t.deepEqual(new Set(sizes), new Set([1]));
});

test('an append in doubt delays no other for long', async (t) => {
  const memory = createMemoryLog();
  const log: EventLog = {
    ...memory,
    append: async (messages, ...about) =>
      messages[0]?.subject === 'zameni.attempt.0'
        ? { status: 'unknown', cause: new Error('no answer') }
        : memory.append(messages, ...about),
  };
  const append = createAppendAlone(log, logger);
  const [stuck, ...others] = messagesOf(20);
  const doubtful = t.throwsAsync(async () => stuck && append(stuck, createDeadline(500)), {
    code: 'log-unavailable',
  });
  const positions = await Promise.all(others.map((each) => append(each, deadline)));
  t.is(new Set(positions).size, 19);
  await doubtful;
});
