import type { EventLog, LogMessage, LogRecord } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createTestDataKeys, erasedMessages, registeredMessages } from './accounts.fixture.ts';
import { createPeopleKeys, type PeopleKeys } from './people-keys.ts';
import { PoisonEventError } from './poison-event.ts';

const { signal } = new AbortController();
const dataKeys = createTestDataKeys();

function keysIn(
  log: Pick<EventLog, 'readBatches' | 'readLastFromReplica'>,
  { missingMs = 0, feedWaitMs = 60_000 } = {},
) {
  const options = { maxKeys: 10, feedWaitMs, missingMs };
  return createPeopleKeys({ log, dataKeys, logger: createSilentLogger() }, options);
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

async function register(log: EventLog, n: number): Promise<LogRecord> {
  return only(await append(log, registeredMessages(n, dataKeys)));
}

function only(records: readonly LogRecord[]): LogRecord {
  const record = records.at(-1);
  if (record === undefined) throw new Error('there is no record');
  return record;
}

function follow(t: ExecutionContext, keys: PeopleKeys, from: number): void {
  t.timeout(5_000, 'waited for keys that are there or have come by');
  const following = keys.follow(from, signal);
  t.teardown(() => following[Symbol.asyncDispose]());
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

test('keys come along with the first events that need them, without a request', async (t) => {
  const log = createMemoryLog();
  const events = [await register(log, 1), await register(log, 2)];
  const keys = keysIn({ ...log, readLastFromReplica: async () => t.fail('asked for a key') });
  follow(t, keys, 0);
  for (const event of events) t.not(await keys.find(event, true, signal), 'erased');
});

test('a later event asks for a key that is not at hand, and waits for none', async (t) => {
  const log = createMemoryLog();
  const event = await register(log, 1);
  const keys = keysIn({ ...log, readBatches: () => t.fail('waited for keys') });
  follow(t, keys, 0);
  t.not(await keys.find(event, false, signal), 'erased');
});

test('a first event asks for its key when it does not come along', async (t) => {
  const log = createMemoryLog();
  const event = await register(log, 1);
  const keys = keysIn(log, { feedWaitMs: 10 });
  follow(t, keys, 2);
  t.not(await keys.find(event, true, signal), 'erased');
});

test('a replica that lags is asked again', async (t) => {
  const log = createMemoryLog();
  const [, key, event] = await append(log, registeredMessages(1, dataKeys));
  if (!key || !event) return t.fail();
  const keys = keysIn(tellInTurn(log, key.subject, [undefined, undefined, key]), {
    missingMs: 10_000,
  });
  t.not(await keys.find(event, false, signal), 'erased');
});

test('a key that is gone is an erasure as soon as the person’s log says so', async (t) => {
  const log = createMemoryLog();
  const [event] = await append(log, registeredMessages(1, dataKeys).slice(2));
  const [erased] = await append(log, erasedMessages(1, 1));
  if (!event) return t.fail();
  const keys = keysIn(tellInTurn(log, event.subject, [undefined, event, erased]), {
    missingMs: 10_000,
  });
  t.is(await keys.find(event, false, signal), 'erased');
});

test('a key that is gone without an erasure is missing, and not at once', async (t) => {
  const log = createMemoryLog();
  const event = only(await append(log, registeredMessages(1, dataKeys).slice(2)));
  let asked = 0;
  const counting: EventLog = {
    ...log,
    readLastFromReplica: (subject, abort) => {
      asked += 1;
      return log.readLastFromReplica(subject, abort);
    },
  };
  const error = await t.throwsAsync(
    keysIn(counting, { missingMs: 300 }).find(event, false, signal),
    {
      instanceOf: PoisonEventError,
    },
  );
  t.is(error?.event.reason, 'key-missing');
  t.true(asked > 2);
});

test('the key of an erased person is not kept', async (t) => {
  const log = createMemoryLog();
  const [, key, event] = await append(log, registeredMessages(1, dataKeys));
  const erased = only(await append(log, erasedMessages(1, 3)));
  if (!key || !event) return t.fail();
  const keys = keysIn(tellInTurn(log, key.subject, [undefined]));
  follow(t, keys, 0);
  t.not(await keys.find(event, true, signal), 'erased');
  keys.forget(erased);
  t.is(await keys.find(event, false, signal), 'erased');
});

test('a key that comes by behind its person’s erasure is not kept', async (t) => {
  const log = createMemoryLog();
  const [, key, event] = await append(log, registeredMessages(1, dataKeys));
  const erased = only(await append(log, erasedMessages(1, 3)));
  const other = await register(log, 2);
  if (!key || !event) return t.fail();
  const keys = keysIn(tellInTurn(log, key.subject, [undefined]));
  follow(t, keys, 0);
  keys.forget(erased);
  t.not(await keys.find(other, true, signal), 'erased');
  t.is(await keys.find(event, true, signal), 'erased');
});

test('a key wrapped anew that comes along is not kept', async (t) => {
  const log = createMemoryLog();
  const [, key, event] = await append(log, registeredMessages(1, dataKeys));
  if (!key || !event) return t.fail();
  const data = Buffer.from(key.data).toString().replace('"version":1', '"version":2');
  await append(log, [{ subject: key.subject, data, expectedPosition: key.position }]);
  await append(log, erasedMessages(1, event.position));
  const other = await register(log, 2);
  const keys = keysIn(tellInTurn(log, key.subject, [undefined]));
  follow(t, keys, event.position);
  t.not(await keys.find(other, true, signal), 'erased');
  t.is(await keys.find(event, false, signal), 'erased');
});

test('a key that was wrapped anew opens what the one that came along cannot', async (t) => {
  const log = createMemoryLog();
  const [claim, oldKey, first] = registeredMessages(1, dataKeys);
  const [, lost] = registeredMessages(1, createTestDataKeys());
  if (!claim || !oldKey || !first) return t.fail();
  const event = only(await append(log, [claim, { ...oldKey, data: lost?.data ?? '' }, first]));
  await append(log, [{ ...oldKey, expectedPosition: 2 }]);
  const keys = keysIn(log);
  follow(t, keys, 0);
  t.not(await keys.find(event, true, signal), 'erased');
});

test('who stops following keeps no key, since nobody tells whom to forget', async (t) => {
  const log = createMemoryLog();
  const event = await register(log, 1);
  let asked = 0;
  const counting: EventLog = {
    ...log,
    readLastFromReplica: async (subject, abort) => {
      asked += 1;
      return log.readLastFromReplica(subject, abort);
    },
  };
  const keys = keysIn(counting);
  const following = keys.follow(0, signal);
  await keys.find(event, true, signal);
  await keys.find(event, false, signal);
  t.is(asked, 0);
  await following[Symbol.asyncDispose]();
  await keys.find(event, false, signal);
  t.is(asked, 1);
});
