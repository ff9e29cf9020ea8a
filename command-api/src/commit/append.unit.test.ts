import { type EventLog, type LogMessage } from '@zameni/runtime';
import { createMemoryLog, createSilentLogger } from '@zameni/runtime/testing';
import test from 'ava';
import { signal, toUserId } from '../log/log.fixture.ts';
import { appendUntilKnown } from './append.ts';
import { toEventMessage } from './event-messages.ts';

const userId = toUserId('0199b3d6-94a3-7c3e-8000-000000000001');

/** One change as two requests make it at the same instant: only the ids of the events differ. */
function deactivation(): LogMessage {
  const event = { name: 'deactivated', data: { reasonCode: 'abuse' }, personal: null } as const;
  const cause = {
    actor: { type: 'caller', id: 'client-1' },
    causationId: 'request-1',
    time: '2026-01-01T00:00:00.000Z',
    traceparent: undefined,
  } as const;
  const message = toEventMessage({ userId, event, version: 1, key: undefined }, cause);
  return { ...message, expectedPosition: 0 };
}

/** A log that loses the reply to the first append, or the first append itself. */
function createLossyLog(loses: 'reply' | 'request', meanwhile: readonly LogMessage[] = []) {
  const memory = createMemoryLog();
  const sent: (readonly LogMessage[])[] = [];
  const log: EventLog = {
    ...memory,
    append: async (messages, abort) => {
      sent.push(messages);
      if (sent.length > 1) return memory.append(messages, abort);
      if (loses === 'reply') await memory.append(messages, abort);
      else if (meanwhile.length > 0) await memory.append(meanwhile, abort);
      return { status: 'unknown', cause: new Error(`the ${loses} was lost`) };
    },
  };
  return {
    memory,
    sent,
    context: {
      log,
      logger: createSilentLogger(),
      signal,
      isWanted: () => true,
      countInDoubt: () => undefined,
    },
  };
}

test('an append whose reply was lost is known by the id of its event, and is in the log once', async (t) => {
  const { memory, sent, context } = createLossyLog('reply');
  t.is(await appendUntilKnown(context, [deactivation()], true), 1);
  t.deepEqual(sent[1], sent[0]);
  t.is(await memory.head(signal), 1);
});

test('messages that get no answer are sent once more, and are in the log once', async (t) => {
  const memory = createMemoryLog();
  let sent = 0;
  const log: EventLog = {
    ...memory,
    append: async (...about) => {
      sent += 1;
      const outcome = await memory.append(...about);
      return sent > 1 ? outcome : new Promise(() => {});
    },
  };
  const context = {
    log,
    logger: createSilentLogger(),
    signal,
    isWanted: () => true,
    countInDoubt: () => undefined,
  };
  t.is(await appendUntilKnown(context, [deactivation()], true), 1);
  t.is(sent, 2);
  t.is(await memory.head(signal), 1);
});

test('the same change of another request is not taken for a lost append', async (t) => {
  const rival = deactivation();
  const { memory, context } = createLossyLog('request', [rival]);
  t.is(await appendUntilKnown(context, [deactivation()], true), undefined);
  t.is((await memory.readFirst(rival.subject, signal))?.data.toString(), rival.data);
  t.is(await memory.head(signal), 1);
});
