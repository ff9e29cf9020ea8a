import { createLogger } from '@zameni/runtime';
import { waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { takenMail } from '../ledger/message.fixture.ts';
import { createSender } from './sender.ts';

const CONNECTIONS = 20;
const AHEAD = 8;

/** A sender with mails without end, and mails under way that end when the test says so. */
function startSender(t: ExecutionContext) {
  const takes: number[] = [];
  const underWay: (() => void)[] = [];
  let taken = 0;
  const sender = createSender({
    ledger: {
      take: async (max) => {
        takes.push(max);
        return Array.from({ length: max }, () => takenMail((taken += 1)));
      },
      finish: async () => undefined,
      takeBack: async () => 0,
      clear: async () => undefined,
      nextDueInMs: async () => undefined,
    },
    deliver: () =>
      new Promise((resolve) => {
        underWay.push(() => resolve({ state: 'sent', kind: 'welcome' }));
      }),
    budget: { mails: 3, windowSeconds: 3_600 },
    maxInFlight: CONNECTIONS + AHEAD,
    ahead: AHEAD,
    maxSlow: 0,
    slowMs: 60_000,
    logger: createLogger({ service: 'test', instance: 'test', level: 'silent' }),
  });
  const stopping = new AbortController();
  const ended = sender.run(stopping.signal);
  const finish = (count: number) => {
    for (const end of underWay.splice(0, count)) end();
  };
  t.teardown(async () => {
    stopping.abort();
    finish(underWay.length);
    await ended;
  });
  return { takes, finish };
}

test('mails are taken while every connection still has one to send', async (t) => {
  const { takes, finish } = startSender(t);
  await waitUntil(() => takes.length === 1);
  t.deepEqual(takes, [CONNECTIONS + AHEAD]);
  finish(AHEAD / 2);
  await waitUntil(() => takes.length === 2);
  t.deepEqual(takes, [CONNECTIONS + AHEAD, AHEAD / 2]);
});

test('a few free places are not worth a take', async (t) => {
  const { takes, finish } = startSender(t);
  await waitUntil(() => takes.length === 1);
  finish(AHEAD / 2 - 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(takes.length, 1);
});
