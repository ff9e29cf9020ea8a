import { subjects } from '@zameni/contracts';
import { createMemoryLog } from '@zameni/runtime/testing';
import type { LogMessage, LogRecord } from '@zameni/runtime';
import test from 'ava';
import { claimOf, createTestDataKeys, registeredMessages, userIdOf } from '../accounts.fixture.ts';
import {
  attemptMessages,
  deletionMessages,
  openAttempt,
  voidedAttempt,
  voidedMessages,
} from '../attempts.fixture.ts';
import { createPeopleKeys } from '../keys/people-keys.ts';
import { type ReadRecords, readRecords } from './read-records.ts';

const { signal } = new AbortController();
const dataKeys = createTestDataKeys();
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Reads messages as records at positions 1, 2, …; the log itself is empty. */
function read(messages: readonly LogMessage[]): Promise<ReadRecords> {
  const records = messages.map(
    ({ subject, data }, index): LogRecord => ({
      subject,
      position: index + 1,
      data: Buffer.from(data),
      traceparent,
    }),
  );
  const keys = createPeopleKeys(
    { log: createMemoryLog(), dataKeys },
    { maxKeys: 10, missingMs: 0 },
  );
  return readRecords(records, keys, signal);
}

test('reads records of every kind in order, and keys for the events after them', async (t) => {
  const wish = { subject: subjects.mailWish(userIdOf(9)), data: '{}', expectedPosition: 0 };
  const { projected, to, poison } = await read([
    ...attemptMessages(1),
    ...registeredMessages(2, dataKeys),
    ...voidedMessages(1, 1),
    ...deletionMessages(1, { addresses: [claimOf(2)] }),
    wish,
  ]);
  t.is(poison, undefined);
  t.is(to, 7);
  t.like(projected, [
    {
      kind: 'attempt',
      attempt: {
        attemptId: userIdOf(1),
        position: 1,
        record: openAttempt(claimOf(1)),
        traceparent,
      },
    },
    { kind: 'event', event: { position: 4, personal: 'open' } },
    { kind: 'attempt', attempt: { position: 5, record: voidedAttempt(1) } },
  ]);
});

test('reads nothing of deletion records', async (t) => {
  const { projected, to, poison } = await read([
    broken(subjects.deletion(userIdOf(1))),
    ...attemptMessages(1),
  ]);
  t.deepEqual([projected.length, to, poison], [1, 2, undefined]);
});

const stops = test.macro<[LogMessage | undefined, string]>({
  title: (what) => `stops at ${what ?? ''}, after reading everything before it`,
  exec: async (t, message, reason) => {
    if (message === undefined) return t.fail();
    const { projected, to, poison } = await read([...attemptMessages(1), message]);
    t.is(projected.length, 1);
    t.is(to, 1);
    t.deepEqual(poison?.record, { reason, position: 2, subject: message.subject } as never);
  },
});

const broken = (subject: string) => ({ subject, data: '{"state":"open"}', expectedPosition: 0 });
test('an unreadable attempt', stops, broken(subjects.attempt(userIdOf(1))), 'undecodable');
test('a kind of a later version', stops, broken('zameni.later.1'), 'undecodable');
test('an event', stops, broken(subjects.account(userIdOf(1))), 'undecodable');
test('an event without key', stops, registeredMessages(2, dataKeys)[2], 'key-missing');
