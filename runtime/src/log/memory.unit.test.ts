import test from 'ava';
import { eventLogSuite } from './event-log.suite.ts';
import { createMemoryLog } from './memory.ts';

test('a guard on an id sees every kind of record with that id', async (t) => {
  const log = createMemoryLog();
  const signal = AbortSignal.timeout(60_000);
  const append = (subject: string, guard: string) =>
    log.append([{ subject, data: '{}', expectedPosition: 0, guard }], signal);
  t.like(await append('zameni.attempt.a', 'zameni.*.a'), { status: 'appended' });
  t.like(await append('zameni.account.b', 'zameni.*.b'), { status: 'appended' });
  for (const id of ['a', 'b']) {
    for (const kind of ['attempt', 'key', 'account']) {
      const outcome = await append(`zameni.${kind}.${id}`, `zameni.*.${id}`);
      t.is(outcome.status, 'conflict', `${kind} ${id}`);
    }
  }
  // A star matches one part, and a dot matches itself.
  t.like(await append('zameni.account.c', 'zameni.*'), { status: 'appended' });
  t.like(await append('zameni.account.d', 'zameni.accountxb'), { status: 'appended' });
});

test('a guard on a filter does not see deleted records', async (t) => {
  const log = createMemoryLog();
  const signal = AbortSignal.timeout(60_000);
  const message = { subject: 'zameni.attempt.a', data: '{}', expectedPosition: 0 };
  await log.append([message], signal);
  await log.deleteUpTo(message.subject, 1, signal);
  const outcome = await log.append([{ ...message, guard: 'zameni.*.a' }], signal);
  t.deepEqual(outcome, { status: 'appended', lastPosition: 2 });
});

eventLogSuite(test, 'memory', async () => ({
  log: createMemoryLog(),
  subject: (name) => `zameni.account.${name}`,
  filter: 'zameni.account.*',
}));
