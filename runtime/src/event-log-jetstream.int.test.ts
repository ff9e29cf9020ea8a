import test from 'ava';
import { eventLogSuite } from './event-log.suite.ts';
import { createTestLog } from './testing.ts';

eventLogSuite(test, 'JetStream', createTestLog);

test('an expiring message is stored with its lifetime', async (t) => {
  const { log, subject } = await createTestLog(t);
  const signal = AbortSignal.timeout(10_000);
  const outcome = await log.append(
    [{ subject: subject('a'), data: '{}', expectedPosition: 0, ttlSeconds: 2_592_000 }],
    signal,
  );
  t.is(outcome.status, 'appended');
  t.truthy(await log.readFirst(subject('a'), signal));
});

test('an append that gets no answer in time is of unknown outcome', async (t) => {
  const { log, subject } = await createTestLog(t, { appendDeadlineMs: 1 });
  const messages = Array.from({ length: 500 }, (_, n) => ({
    subject: subject(`${n}`),
    data: `"${'x'.repeat(500)}"`,
    expectedPosition: 0,
  }));
  const outcome = await log.append(messages, AbortSignal.timeout(10_000));
  t.is(outcome.status, 'unknown');
});
