import { encodePersonal } from '@zameni/contracts';
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

function keysIn(log: Pick<EventLog, 'readLastFromReplica'>, { missingMs = 0 } = {}) {
  return createPeopleKeys({ log, dataKeys }, { maxKeys: 10, missingMs });
}

/** Appends and answers the records as they lie in the log. */
async function append(log: EventLog, messages: readonly LogMessage[]): Promise<LogRecord[]> {
  const { status } = await log.append(messages, signal);
  if (status !== 'appended') throw new Error(status);
  const last = await log.readLast(
    messages.map((message) => message.subject),
    signal,
  );
  return messages.flatMap((message) => last.get(message.subject) ?? []);
}

/** Registers a made-up person; answers their key and their first event. */
async function register(log: EventLog, n: number): Promise<{ key: LogRecord; event: LogRecord }> {
  const [, key, event] = await append(log, registeredMessages(n, dataKeys));
  if (key === undefined || event === undefined) throw new Error('not there');
  return { key, event };
}

/** An event's personal data, opened with the key that was found for it. */
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

/** A log of which one subject's last records can be told in turn, the last of them for ever. */
function tellInTurn(log: EventLog, subject: string, answers: (LogRecord | undefined)[]): EventLog {
  return {
    ...log,
    readLastFromReplica: async (asked, abort) => {
      if (asked !== subject) return log.readLastFromReplica(asked, abort);
      return answers.length > 1 ? answers.shift() : answers[0];
    },
  };
}

/** A log that counts how often it is asked. */
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

test('a key that came by in front of its events is not asked for', async (t) => {
  const log = createMemoryLog();
  const people = [await register(log, 1), await register(log, 2)];
  const keys = keysIn({ readLastFromReplica: async () => t.fail('asked for a key') });
  for (const { key } of people) keys.take(key);
  for (const [n, { event }] of people.entries()) {
    t.is(textIn(event, await keys.find(event, signal)), textOf(n + 1));
  }
});

test('a key that did not come by is asked for, once', async (t) => {
  const log = counting(createMemoryLog());
  const { event } = await register(log, 1);
  const keys = keysIn(log);
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
  t.is(log.asked(), 1);
});

test('a replica that lags is asked again', async (t) => {
  const log = createMemoryLog();
  const { key, event } = await register(log, 1);
  const keys = keysIn(tellInTurn(log, key.subject, [undefined, undefined, key]), {
    missingMs: 10_000,
  });
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
});

test('a key that is gone is an erasure as soon as the person’s log says so', async (t) => {
  const log = createMemoryLog();
  const [event] = await append(log, registeredMessages(1, dataKeys).slice(2));
  const [erased] = await append(log, erasedMessages(1, 1));
  if (!event) return t.fail();
  const keys = keysIn(tellInTurn(log, event.subject, [undefined, event, erased]), {
    missingMs: 10_000,
  });
  t.is(await keys.find(event, signal), 'erased');
});

test('a key that is gone without an erasure is missing, and not at once', async (t) => {
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
  const keys = keysIn(tellInTurn(log, key.subject, [undefined]));
  keys.take(key);
  t.is(textIn(event, await keys.find(event, signal)), textOf(1));
  keys.evict(erased);
  t.is(await keys.find(event, signal), 'erased');
});

test('a re-wrapped key that comes by is not kept: it may lie behind the erasure', async (t) => {
  const log = createMemoryLog();
  const { key, event } = await register(log, 1);
  const data = Buffer.from(key.data).toString().replace('"version":1', '"version":2');
  const message = { subject: key.subject, data, expectedPosition: key.position };
  const rewrapped = only(await append(log, [message]));
  await append(log, erasedMessages(1, event.position));
  const keys = keysIn(tellInTurn(log, key.subject, [undefined]));
  keys.take(rewrapped);
  t.is(await keys.find(event, signal), 'erased');
});

test('a key that was re-wrapped opens what the one that came by cannot', async (t) => {
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

test('no key is kept when reading ends, since nobody tells which ones to evict', async (t) => {
  const log = counting(createMemoryLog());
  const { key, event } = await register(log, 1);
  const keys = keysIn(log);
  keys.take(key);
  await keys.find(event, signal);
  t.is(log.asked(), 0);
  keys.clear();
  await keys.find(event, signal);
  t.is(log.asked(), 1);
});
