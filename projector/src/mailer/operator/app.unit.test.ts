import { MailerStatus } from '@zameni/contracts';
import { AppError, createLogger, createRateLimits } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import type { WorkStatus } from '../../lease/status.ts';
import { OPERATOR_LIMIT } from '../../operator/operator-access.ts';
import { createMailerApp } from './app.ts';
import { createMemoryMessageStore, ledgerMessage } from './message-store.fixture.ts';
import type { MessageStore } from './message-store.ts';

const logger = createLogger({ service: 'test', instance: 'test', level: 'silent' });
const ledger = createMemoryMessageStore([
  ledgerMessage(1),
  ledgerMessage(2, { state: 'waiting' }),
  ledgerMessage(3, { state: 'sent' }),
  ledgerMessage(4, { state: 'unknown' }),
]);

function createTestApp(
  status: WorkStatus,
  { head = async () => 50, store = ledger }: { head?: () => Promise<number>; store?: MessageStore },
) {
  return createMailerApp({
    logger,
    log: { head },
    status: () => status,
    messages: {
      store,
      tokens: { verify: async () => undefined },
      limits: createRateLimits({ policies: { operator: OPERATOR_LIMIT }, logger }),
      logger,
      actorOf: ({ subject }) => subject,
      wake: () => undefined,
    },
    keyRings: {
      kek: { current: () => ({ current: '2', keys: new Map([['2', Buffer.alloc(32)]]) }) },
    },
    checks: { nats: async () => undefined },
  });
}

test('is ready while active or on standby', async (t) => {
  for (const state of ['active', 'standby'] as const) {
    const response = await createTestApp({ state, position: 42 }, {}).inject('/readyz');
    t.is(response.statusCode, 200);
  }
});

test('is not ready before it knows its role, or while it is stalled', async (t) => {
  for (const status of [
    { state: 'starting', position: 0 },
    { state: 'stalled', position: 42, reason: 'LogReadError' },
  ] as const) {
    const response = await createTestApp(status, {}).inject('/readyz');
    t.is(response.statusCode, 503);
    t.like(response.json(), { missing: ['mailer'] });
  }
});

test('reports role, position and the mails that are not done', async (t) => {
  const response = await createTestApp({ state: 'active', position: 42 }, {}).inject('/status');
  t.deepEqual(response.json(), {
    role: 'active',
    position: 42,
    head: 50,
    lag: 8,
    mails: { waiting: 1, sending: 0, abandoned: 1, unknown: 1, oldestWaitingSeconds: null },
  });
  t.true(Value.Check(MailerStatus, response.json()));
});

test('reports the reason of a stall, also if neither log nor ledger answers', async (t) => {
  const away = async () => Promise.reject(new AppError('store-unavailable'));
  const app = createTestApp(
    { state: 'stalled', position: 42, reason: '42501' },
    { head: async () => Promise.reject(new Error('away')), store: { ...ledger, count: away } },
  );
  const status = (await app.inject('/status')).json();
  t.true(Value.Check(MailerStatus, status));
  t.deepEqual(status, {
    role: 'stalled',
    position: 42,
    head: null,
    lag: null,
    reason: '42501',
    mails: null,
  });
});

test('asks for a token before it shows mails', async (t) => {
  const app = createTestApp({ state: 'active', position: 42 }, {});
  t.is((await app.inject('/v1/messages')).statusCode, 401);
});

test('reports the ids of its keys', async (t) => {
  const response = await createTestApp({ state: 'active', position: 42 }, {}).inject('/key-rings');
  t.deepEqual(response.json(), { kek: { current: '2', keys: ['2'] } });
});
