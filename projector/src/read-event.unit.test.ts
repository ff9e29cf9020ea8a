import { subjects } from '@zameni/contracts';
import type { EventLog, LogMessage, LogRecord } from '@zameni/runtime';
import { createMemoryLog } from '@zameni/runtime/testing';
import test from 'ava';
import {
  createTestDataKeys,
  erasedMessages,
  forgotten,
  happenings,
  refusedMessages,
  registered,
  registeredMessages,
  registration,
  supersededMessages,
  userIdOf,
} from './accounts.fixture.ts';
import { PoisonEventError } from './poison-event.ts';
import { createReadEvent } from './read-event.ts';

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

function only(records: readonly LogRecord[]): LogRecord {
  const record = records.at(-1);
  if (record === undefined) throw new Error('there is no record');
  return record;
}

test('reads an event with the key that came right before it', async (t) => {
  const log = createMemoryLog();
  const records = await append(log, registeredMessages(1, dataKeys));
  const offline = { readLastFromLeader: async () => t.fail('asked the leader') };
  const readEvent = createReadEvent({ log: offline, dataKeys, maxKeys: 10 });
  t.is(await readEvent(only(records.slice(0, 2)), signal), undefined);
  t.deepEqual(await readEvent(only(records), signal), registered(1, 3));
});

test('reads the key from the leader when it is not at hand', async (t) => {
  const log = createMemoryLog();
  const records = await append(log, registeredMessages(1, dataKeys));
  const readEvent = createReadEvent({ log, dataKeys, maxKeys: 10 });
  t.deepEqual(await readEvent(only(records), signal), registered(1, 3));
});

test('reads an event without personal data without a key', async (t) => {
  const log = createMemoryLog();
  const records = await append(log, refusedMessages(1));
  const readEvent = createReadEvent({ log, dataKeys, maxKeys: 10 });
  t.like(await readEvent(only(records), signal), {
    position: 1,
    personal: 'open',
    event: { name: 'registration-refused' },
  });
});

for (const [why, ending] of [
  ['erased', erasedMessages],
  ['superseded', supersededMessages],
] as const) {
  test(`an event whose key is gone is one without personal data when its person was ${why}`, async (t) => {
    const log = createMemoryLog();
    const records = await append(log, registeredMessages(1, dataKeys).slice(2));
    await log.append(ending(1, 1), signal);
    const readEvent = createReadEvent({ log, dataKeys, maxKeys: 10 });
    const event = await readEvent(only(records), signal);
    t.deepEqual(event, forgotten(1, registration(1), { position: 1 }));
  });
}

test('the key of an erased person is not kept', async (t) => {
  const log = createMemoryLog();
  const records = await append(log, registeredMessages(1, dataKeys));
  const erasure = await append(log, erasedMessages(1, 3));
  const withoutKey = {
    readLastFromLeader: async (subject: string) =>
      subject.startsWith('zameni.key.') ? undefined : only(erasure),
  };
  const readEvent = createReadEvent({ log: withoutKey, dataKeys, maxKeys: 10 });
  for (const record of records.slice(1)) await readEvent(record, signal);
  t.like(await readEvent(only(erasure), signal), { personal: 'open', event: happenings.erased });
  t.like(await readEvent(only(records), signal), { personal: 'erased' });
});

test('a key that was wrapped anew opens what the old record cannot', async (t) => {
  const log = createMemoryLog();
  const [claim, oldKey, event] = registeredMessages(1, dataKeys);
  if (!claim || !oldKey || !event) return t.fail();
  const [, lost] = registeredMessages(1, createTestDataKeys());
  const records = await append(log, [claim, { ...oldKey, data: lost?.data ?? '' }, event]);
  await log.append([{ ...oldKey, expectedPosition: 2 }], signal);
  const readEvent = createReadEvent({ log, dataKeys, maxKeys: 10 });
  t.is(await readEvent(only(records.slice(0, 2)), signal), undefined);
  t.deepEqual(await readEvent(only(records), signal), registered(1, 3));
});

type Bad = { readonly reason: string; readonly messages: () => LogMessage[] };
const eventId = userIdOf(1_000_001);

const stops = test.macro({
  exec: async (t, { reason, messages }: Bad, knowsEventId: boolean) => {
    const log = createMemoryLog();
    const record = only(await append(log, messages()));
    const readEvent = createReadEvent({ log, dataKeys, maxKeys: 10 });
    const error = await t.throwsAsync(readEvent(record, signal), { instanceOf: PoisonEventError });
    const { position } = record;
    t.deepEqual(error?.event, {
      reason,
      position,
      userId: userIdOf(1),
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
    reason: 'undecodable',
    messages: changed((message) => ({ ...message, data: message.data.replace('.v2', '.v3') })),
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
