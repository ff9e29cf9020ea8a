import {
  canRedrive,
  type LedgerMessage,
  MESSAGE_STATES,
  type MessageState,
} from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import { createEmptyTestDatabase, createTestDatabase } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createMessageStore } from './message-store.ts';
import { ledgerMessage } from './message-store.fixture.ts';

const STATES = Object.keys(MESSAGE_STATES) as MessageState[];
const LATER = '2126-03-04T05:08:00.000Z';

/** Adds a mail as it is. The database gives the ids 1, 2, 3. */
async function add(pool: Pool, messages: readonly LedgerMessage[]): Promise<void> {
  for (const message of messages) {
    await pool.query(
      `insert into mailer.messages (
         cause, position, user_id, attempt_id, recipient, mailbox, is_strangers, kind, state, reason,
         tries, repeats, merged, created_at, next_at, changed_at
       ) values ($1, $2, $3, $4, 'somebody', 'digest', false, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        message.cause,
        message.position,
        message.userId,
        message.attemptId,
        message.kind,
        message.state,
        message.reason,
        message.tries,
        message.repeats,
        message.merged,
        message.askedAt,
        message.nextTryAt ?? LATER,
        message.changedAt,
      ],
    );
  }
}

async function openStore(t: ExecutionContext, ...messages: readonly LedgerMessage[]) {
  const { pool } = await createTestDatabase(t);
  await add(pool, messages);
  return { pool, store: createMessageStore(pool) };
}

/** A mail in each state, with the number of its place as id. */
const each = STATES.map((state, index) =>
  ledgerMessage(index + 1, { state, nextTryAt: state === 'waiting' ? LATER : null }),
);
const isNow = (text: string | null) => Math.abs(Date.parse(text ?? '') - Date.now()) < 60_000;

test('lists the newest mails first, filtered and page by page', async (t) => {
  const { store } = await openStore(t, ...each);
  const newestFirst = each.toReversed();
  t.deepEqual(await store.list({ limit: 7 }), { messages: newestFirst, next: null });
  for (const message of each) {
    const { messages } = await store.list({ limit: 7, state: message.state });
    t.deepEqual(messages, [message]);
  }
  let after: string | undefined;
  for (const expected of newestFirst) {
    const page = await store.list({ limit: 1, after });
    t.deepEqual(page.messages, [expected]);
    t.is(page.next, expected.id === 1 ? null : String(expected.id));
    after = page.next ?? undefined;
  }
});

test('a reason is named in full or by its first words', async (t) => {
  const reasons = ['rcpt 550 5.1.1', 'rcpt 550', 'rcpt 5500', 'too-old: rcpt 451', 'redriven'];
  const messages = reasons.map((reason, index) => ledgerMessage(index + 1, { reason }));
  const { store } = await openStore(t, ...messages);
  const found = async (reason: string) =>
    (await store.list({ limit: 9, reason })).messages.map(({ id }) => id);
  t.deepEqual(await found('rcpt 550 5.1.1'), [1]);
  t.deepEqual(await found('rcpt 550'), [2, 1]);
  t.deepEqual(await found('rcpt'), [3, 2, 1]);
  t.deepEqual(await found('too-old'), [4]);
  t.deepEqual(await found('red'), []);
  t.deepEqual(await found('rcpt%'), []);
});

test('a redrive takes exactly the mails that may be sent, and starts their tries anew', async (t) => {
  const { store } = await openStore(t, ...each);
  for (const message of each) {
    if (!canRedrive(message)) {
      const error = await t.throwsAsync(store.redrive(message.id));
      t.like(error, { code: 'message-state', detail: `Mail ${message.id} is ${message.state}` });
      t.deepEqual(await store.find(message.id), message);
      continue;
    }
    const redriven = await store.redrive(message.id);
    t.true(isNow(redriven.nextTryAt));
    t.true(isNow(redriven.changedAt));
    const { tries, repeats, reason } = message;
    const isSame = message.state === 'waiting';
    t.deepEqual(redriven, {
      ...message,
      state: 'waiting',
      ...(isSame ? { tries, repeats, reason } : { tries: 0, repeats: 0, reason: 'redriven' }),
      nextTryAt: redriven.nextTryAt,
      changedAt: redriven.changedAt,
    });
    const again = await store.redrive(message.id);
    t.like(again, { state: 'waiting', reason: redriven.reason, tries: redriven.tries });
  }
  t.like(await t.throwsAsync(store.redrive(99)), { code: 'not-found' });
  t.like(await t.throwsAsync(store.find(99)), { code: 'not-found' });
});

test('a mail that an unreadable record asks for is never redriven', async (t) => {
  const unreadable = ledgerMessage(1, {
    cause: 'unreadable',
    reason: 'unreadable-record',
    userId: null,
  });
  const { store } = await openStore(t, unreadable);
  t.like(await t.throwsAsync(store.redrive(1)), { code: 'message-state' });
  t.deepEqual(await store.redriveAll({}), { redriven: 0, next: null });
  t.deepEqual(await store.find(1), unreadable);
});

test('abandoned mails are redriven together, of a reason or after one of them', async (t) => {
  const other = ledgerMessage(8, { reason: 'too-old: rcpt 451' });
  const { store } = await openStore(t, ...each, other, ledgerMessage(9), ledgerMessage(10));
  const waiting = async () =>
    (await store.list({ limit: 10, state: 'waiting' })).messages.map(({ id }) => id);
  t.deepEqual(await store.redriveAll({ reason: 'too-old' }), { redriven: 1, next: null });
  t.deepEqual(await waiting(), [8, 1]);
  t.deepEqual(await store.redriveAll({ after: '9' }), { redriven: 1, next: null });
  t.deepEqual(await waiting(), [10, 8, 1]);
  t.deepEqual(await store.redriveAll({}), { redriven: 2, next: null });
  t.deepEqual(await store.redriveAll({}), { redriven: 0, next: null });
  const abandoned = STATES.indexOf('abandoned') + 1;
  t.like(await store.find(abandoned), { state: 'waiting', tries: 0, reason: 'redriven' });
  t.like(await store.find(STATES.indexOf('unknown') + 1), { state: 'unknown' });
});

test('a thousand mails are redriven at once, and the rest from there on', async (t) => {
  const { pool, store } = await openStore(t);
  await pool.query(
    `insert into mailer.messages (cause, position, recipient, is_strangers, state)
     select 'registered', n, 'somebody', false, 'abandoned' from generate_series(1, 1001) n`,
  );
  t.deepEqual(await store.redriveAll({}), { redriven: 1_000, next: '1000' });
  t.deepEqual(await store.redriveAll({ after: '1000' }), { redriven: 1, next: null });
});

test('counts the mails that are not done, and the age of the oldest one that waits', async (t) => {
  const { store } = await openStore(t);
  const none = { waiting: 0, sending: 0, abandoned: 0, unknown: 0, oldestWaitingSeconds: null };
  t.deepEqual(await store.count(), none);
  const askedAt = new Date(Date.now() - 90_000).toISOString();
  const { store: filled } = await openStore(
    t,
    ...each.map((message) => ({ ...message, askedAt })),
    ledgerMessage(8, { state: 'waiting', askedAt: new Date().toISOString() }),
  );
  const { oldestWaitingSeconds, ...counts } = await filled.count();
  t.deepEqual(counts, { waiting: 2, sending: 1, abandoned: 1, unknown: 1 });
  t.true(oldestWaitingSeconds !== null && Math.abs(oldestWaitingSeconds - 90) < 60);
});

test('a database that does not answer is store-unavailable', async (t) => {
  const { pool } = await createEmptyTestDatabase(t);
  const store = createMessageStore(pool);
  for (const asked of [store.list({ limit: 1 }), store.redrive(1), store.count()]) {
    const error = await t.throwsAsync(asked);
    t.like(error, { code: 'store-unavailable', retryAfterSeconds: 1 });
  }
});

test('counts are read from indexes, because most mails are done', async (t) => {
  const { pool, store } = await openStore(t, ...each);
  await pool.query(
    `insert into mailer.messages (cause, position, recipient, is_strangers, state)
     select 'registered', 1000 + n, 'somebody ' || n, false, 'sent' from generate_series(1, 5000) n`,
  );
  await pool.query('analyze mailer.messages');
  t.like(await store.count(), { waiting: 1, sending: 1, abandoned: 1, unknown: 1 });
  const plan: string[] = [];
  const explaining = createMessageStore({
    query: async (sql: string) => {
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${sql}`);
      plan.push(...rows.map((row) => row['QUERY PLAN']));
      return { rows: [] };
    },
    // Of the pool only this call is used.
  } as unknown as Pool);
  await explaining.count();
  t.regex(plan.join('\n'), /Index/);
  t.notRegex(plan.join('\n'), /Seq Scan/);
});
