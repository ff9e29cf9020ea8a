import { decodeText, encodePersonal } from '@zameni/contracts';
import {
  type DataKey,
  type EventLog,
  type LogMessage,
  type LogRecord,
  openPersonal,
} from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import {
  createTestDataKeys,
  erasedMessages,
  registeredMessages,
  registration,
} from '../accounts.fixture.ts';
import { readEventRecord } from '../records/event-record.ts';
import { PoisonRecordError } from '../records/poison-record.ts';
import { createPeopleKeys } from './people-keys.ts';

const { signal } = new AbortController();
const dataKeys = createTestDataKeys();

function keysIn(
  log: Pick<EventLog, 'readLastFromReplica'> & Partial<Pick<EventLog, 'readLast'>>,
  { missingMs = 0, isMissing = true } = {},
) {
  const leader = {
    countRecords: async (subject: string) => ({
      head: 1_000,
      bySubject: new Map(isMissing ? [] : [[subject, 1]]),
    }),
  };
  return createPeopleKeys(
    { log: { readLast: async () => new Map(), ...leader, ...log }, dataKeys },
    { maxKeys: 10, missingMs },
  );
}

/** Appends messages and returns them as records of the log. */
async function append(log: EventLog, messages: readonly LogMessage[]): Promise<LogRecord[]> {
  const { status } = await log.append(messages, signal);
  if (status !== 'appended') throw new Error(status);
  const last = await log.readLast(
    messages.map((message) => message.subject),
    signal,
  );
  return messages.flatMap((message) => last.get(message.subject) ?? []);
}

/** Registers a made-up person and returns their key and first event. */
async function register(log: EventLog, n: number): Promise<{ key: LogRecord; event: LogRecord }> {
  const [, key, event] = await append(log, registeredMessages(n, dataKeys));
  if (key === undefined || event === undefined) throw new Error('not there');
  return { key, event };
}

/** An event's personal data, opened with the key found for it. */
function textIn(event: LogRecord, key: DataKey | 'erased'): string {
  const { metadata, type, personal } = readEventRecord(event);
  if (key === 'erased' || personal === null) throw new Error('there is nothing to open');
  return openPersonal(key, { eventId: metadata.id, type, userId: metadata.userId }, personal);
}

/** The personal data in the registration of the n-th made-up person. */
function textOf(n: number): string {
  const text = encodePersonal(registration(n));
  if (text === null) throw new Error('there is none');
  return text;
}

function only(records: readonly LogRecord[]): LogRecord {
  const record = records.at(-1);
  if (record === undefined) throw new Error('there is no record');
  return record;
}

/**
 * A log that gives each of these last records of one subject in turn, then the last one forever.
 */
function answerInTurn(
  log: EventLog,
  subject: string,
  answers: (LogRecord | undefined)[],
): EventLog {
  return {
    ...log,
    readLastFromReplica: async (asked, abort) => {
      if (asked !== subject) return log.readLastFromReplica(asked, abort);
      return answers.length > 1 ? answers.shift() : answers[0];
    },
  };
}

/** A log that counts its reads. */
function counting(log: EventLog): EventLog & { readonly asked: () => number } {
  let asked = 0;
  return {
    ...log,
    asked: () => asked,
    readLastFromReplica: (subject, abort) => {
      asked += 1;
      return log.readLastFromReplica(subject, abort);
    },
  };
}

test('a key that was read before its events is not looked up', async (t) => {
  const log = createMemoryLog();
  const people = [await register(log, 1), await register(log, 2)];
  const keys = keysIn({ readLastFromReplica: async () => t.fail('asked for a key') });
  for (const { key } of people) keys.take(key);
  for (const [n, { event }] of people.entries()) {
    t.is(textIn(event, await keys.find(event, signal)), textOf(n + 1));
  }
});

test('a key that was not read before its events is looked up once', async (t) => {
  const log = counting(createMemoryLog());
  const { event } = await register(log, 1);
  const keys = keysIn(log);
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
  t.is(log.asked(), 1);
});

test('a replica that lags is read again', async (t) => {
  const log = createMemoryLog();
  const { key, event } = await register(log, 1);
  const keys = keysIn(answerInTurn(log, key.subject, [undefined, undefined, key]), {
    missingMs: 10_000,
  });
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
});

test('a missing key means an erasure when the person’s last event is one', async (t) => {
  const log = createMemoryLog();
  const [event] = await append(log, registeredMessages(1, dataKeys).slice(2));
  const [erased] = await append(log, erasedMessages(1, 1));
  if (!event) return t.fail();
  const keys = keysIn(answerInTurn(log, event.subject, [undefined, event, erased]), {
    missingMs: 10_000,
  });
  t.is(await keys.find(event, signal), 'erased');
});

test('a missing key without an erasure counts as missing after a while', async (t) => {
  const log = counting(createMemoryLog());
  const event = only(await append(log, registeredMessages(1, dataKeys).slice(2)));
  const error = await t.throwsAsync(keysIn(log, { missingMs: 300 }).find(event, signal), {
    instanceOf: PoisonRecordError,
  });
  t.is(error?.record.reason, 'key-missing');
  t.true(log.asked() > 2);
});

test('the key of an erased person is not kept', async (t) => {
  const log = createMemoryLog();
  const { key, event } = await register(log, 1);
  const erased = only(await append(log, erasedMessages(1, 3)));
  const keys = keysIn(answerInTurn(log, key.subject, [undefined]));
  keys.take(key);
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
  keys.evict(erased);
  t.is(await keys.find(event, signal), 'erased');
});

test('a re-wrapped key is not kept, because it may lie after the erasure', async (t) => {
  const log = createMemoryLog();
  const { key, event } = await register(log, 1);
  const data = decodeText(key.data).replace('"version":1', '"version":2');
  const message = { subject: key.subject, data, expectedPosition: key.position };
  const rewrapped = only(await append(log, [message]));
  await append(log, erasedMessages(1, event.position));
  const keys = keysIn(answerInTurn(log, key.subject, [undefined]));
  keys.take(rewrapped);
  t.is(await keys.find(event, signal), 'erased');
});

test('a re-wrapped key opens an event that the older record cannot open', async (t) => {
  const log = createMemoryLog();
  const [claim, oldKey, first] = registeredMessages(1, dataKeys);
  const [, lost] = registeredMessages(1, createTestDataKeys());
  if (!claim || !oldKey || !first) return t.fail();
  const records = await append(log, [claim, { ...oldKey, data: lost?.data ?? '' }, first]);
  const [, unusable, event] = records;
  if (!unusable || !event) return t.fail();
  await append(log, [{ ...oldKey, expectedPosition: 2 }]);
  const keys = keysIn(log);
  keys.take(unusable);
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
});

test('keys are kept for a reader that goes on where it was interrupted, and for no other', async (t) => {
  const log = counting(createMemoryLog());
  const { key, event } = await register(log, 1);
  const keys = keysIn(log);
  keys.resume(0);
  keys.take(key);
  keys.pause(5);
  keys.resume(5);
  await keys.find(event, signal);
  t.is(log.asked(), 0);
  keys.pause(6);
  keys.resume(7);
  await keys.find(event, signal);
  t.is(log.asked(), 1);
});

test('the unknown keys of a batch are read in one request', async (t) => {
  const log = counting(createMemoryLog());
  const numbers = Array.from({ length: 5 }, (_, n) => n + 1);
  const people = await Promise.all(numbers.map((n) => register(log, n)));
  const requests: (readonly string[])[] = [];
  const keys = keysIn({
    readLastFromReplica: log.readLastFromReplica,
    readLast: (subjects, abort) => {
      requests.push(subjects);
      return log.readLast(subjects, abort);
    },
  });
  const [first, second, ...others] = people;
  if (first === undefined || second === undefined) return t.fail();
  keys.take(first.key);
  // The key of the second person is in the batch.
  await keys.load(
    [first.event, second.key, second.event, ...others.map(({ event }) => event)],
    signal,
  );
  t.deepEqual(requests, [others.map(({ key }) => key.subject)]);
  for (const { event } of [first, ...others]) await keys.find(event, signal);
  t.is(log.asked(), 0);
  await keys.load([first.event], signal);
  t.is(requests.length, 1);
});
