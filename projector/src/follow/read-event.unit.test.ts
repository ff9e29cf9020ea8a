import { encodeEvent, subjects } from '@zameni/contracts';
import type { EventLog, LogMessage, LogRecord } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import {
  createTestDataKeys,
  erasedMessages,
  happenings,
  metadataOf,
  registered,
  registeredMessages,
  registration,
  userIdOf,
  withoutKey,
} from '../accounts.fixture.ts';
import { createPeopleKeys } from '../keys/people-keys.ts';
import { PoisonRecordError } from '../records/poison-record.ts';
import { readEvent } from './read-event.ts';

const { signal } = new AbortController();
const dataKeys = createTestDataKeys();

async function append(log: EventLog, messages: readonly LogMessage[]): Promise<LogRecord[]> {
  await log.append(messages, signal);
  const last = await log.readLast(
    messages.map((message) => message.subject),
    signal,
  );
  return messages.flatMap((message) => last.get(message.subject) ?? []);
}

function keysIn(log: EventLog) {
  return createPeopleKeys({ log, dataKeys }, { maxKeys: 10, missingMs: 0 });
}

function only(records: readonly LogRecord[]): LogRecord {
  const record = records.at(-1);
  if (record === undefined) throw new Error('there is no record');
  return record;
}

test('reads an event with its person’s key', async (t) => {
  const log = createMemoryLog();
  const records = await append(log, registeredMessages(1, dataKeys));
  t.deepEqual(await readEvent(only(records), keysIn(log), signal), registered(1, 3));
});

test('reads an event without personal data without a key', async (t) => {
  const log = createMemoryLog();
  const data = encodeEvent(metadataOf(1), happenings.deactivated, null);
  const subject = subjects.account(userIdOf(1));
  const records = await append(log, [{ subject, data, expectedPosition: 0 }]);
  t.like(await readEvent(only(records), keysIn(log), signal), {
    position: 1,
    personal: 'open',
    event: { name: 'deactivated' },
  });
});

test('an event of an erased person whose key is gone has no personal data', async (t) => {
  const log = createMemoryLog();
  const records = await append(log, registeredMessages(1, dataKeys).slice(2));
  await log.append(erasedMessages(1, 1), signal);
  const event = await readEvent(only(records), keysIn(log), signal);
  t.deepEqual(event, withoutKey(1, registration(1), { position: 1 }));
});

type Bad = { readonly reason: string; readonly messages: () => LogMessage[] };
const eventId = userIdOf(1_000_001);

const stops = test.macro({
  exec: async (t, { reason, messages }: Bad, knowsEventId: boolean) => {
    const log = createMemoryLog();
    const record = only(await append(log, messages()));
    const error = await t.throwsAsync(readEvent(record, keysIn(log), signal), {
      instanceOf: PoisonRecordError,
    });
    const { position } = record;
    t.deepEqual(error?.record, {
      reason,
      position,
      subject: subjects.account(userIdOf(1)),
      ...(knowsEventId ? { eventId } : {}),
    } as never);
    // A cause could quote personal data.
    t.is(error?.cause, undefined);
  },
  title: (given) => `stops at ${given ?? ''}`,
});

const eventOf = (messages: readonly LogMessage[]) => messages.slice(-1);
const changed = (change: (message: LogMessage) => LogMessage) => () =>
  registeredMessages(1, dataKeys).map((message, index) =>
    index === 2 ? change(message) : message,
  );

test(
  'a person without key',
  stops,
  { reason: 'key-missing', messages: () => eventOf(registeredMessages(1, dataKeys)) },
  false,
);
test(
  'a key wrapped by an unknown key-encryption key',
  stops,
  { reason: 'key-unusable', messages: () => registeredMessages(1, createTestDataKeys()) },
  false,
);
test(
  'bytes that are no event',
  stops,
  { reason: 'undecodable', messages: changed((message) => ({ ...message, data: '{"a":' })) },
  false,
);
test(
  'an event type of a later version',
  stops,
  {
    reason: 'newer',
    messages: changed((message) => ({ ...message, data: message.data.replace('.v1', '.v2') })),
  },
  false,
);
test(
  'a ciphertext that was changed',
  stops,
  {
    reason: 'undecryptable',
    messages: changed((message) => ({
      ...message,
      data: message.data.replace(/"personal":"[^"]{8}/, '"personal":"AAAAAAAA'),
    })),
  },
  true,
);
test(
  'an event of another person on this subject',
  stops,
  {
    reason: 'undecodable',
    messages: () =>
      eventOf(registeredMessages(2, dataKeys)).map((message) => ({
        ...message,
        subject: subjects.account(userIdOf(1)),
        data: message.data.replace(userIdOf(1_000_002), eventId),
      })),
  },
  true,
);
