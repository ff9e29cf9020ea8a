import { MESSAGE_STATES, MessagesView } from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import { createEmptyTestDatabase, createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { Value } from 'typebox/value';
import { createMessagesReader } from './messages-store.ts';

const id = '01980000-0000-7000-8000-000000000001';
const other = '01980000-0000-7000-8000-000000000002';

/** Adds a mail as the mailer does, asked for by an account or by an attempt. */
async function add(
  pool: Pool,
  of: { readonly userId?: string; readonly attemptId?: string },
  more: { readonly cause?: string; readonly state?: string; readonly reason?: string } = {},
): Promise<void> {
  await pool.query(
    `insert into mailer.messages (
       cause, position, user_id, attempt_id, recipient, mailbox, is_strangers, state, reason, kind,
       tries, repeats, created_at, next_at, changed_at
     )
     select $1, count(*) + 1, $2, $3, 'somebody', 'digest', $3::uuid is not null, $4, $5, 'welcome',
       2, 1, '2026-03-04T05:06:07.089Z', '2026-03-04T05:08:00Z', '2026-03-04T05:07:00Z'
     from mailer.messages`,
    [
      more.cause ?? 'registered',
      of.userId ?? null,
      of.attemptId ?? null,
      more.state ?? 'sent',
      more.reason ?? null,
    ],
  );
}

test('shows what became of a mail, without address, digest or position', async (t) => {
  const { pool } = await createTestDatabase(t);
  await add(pool, { userId: id }, { state: 'waiting', reason: 'rcpt 451 4.2.0' });
  await add(pool, { userId: other });
  const view = await createMessagesReader(pool)({ id, limit: 10 });
  t.true(Value.Check(MessagesView, view));
  t.deepEqual(view, {
    messages: [
      {
        id: 1,
        cause: 'registered',
        kind: 'welcome',
        state: 'waiting',
        reason: 'rcpt 451 4.2.0',
        tries: 2,
        repeats: 1,
        nextTryAt: '2026-03-04T05:08:00.000Z',
        askedAt: '2026-03-04T05:06:07.089Z',
        changedAt: '2026-03-04T05:07:00.000Z',
      },
    ],
    next: null,
  });
});

test('every state fits the schema, and only a waiting mail has a next try', async (t) => {
  const { pool } = await createTestDatabase(t);
  for (const state of Object.keys(MESSAGE_STATES)) await add(pool, { userId: id }, { state });
  const view = await createMessagesReader(pool)({ id, limit: 10 });
  t.true(Value.Check(MessagesView, view));
  t.is(view.messages.length, 7);
  for (const { state, nextTryAt } of view.messages) t.is(nextTryAt !== null, state === 'waiting');
});

test('an account and its attempt have one list, the newest first, page by page', async (t) => {
  const { pool } = await createTestDatabase(t);
  const readMessages = createMessagesReader(pool);
  await add(pool, { attemptId: id }, { cause: 'attempt' });
  await add(pool, { userId: other });
  await add(pool, { userId: id }, { cause: 'email-verified' });
  await add(pool, { userId: id }, { cause: 'deactivated' });
  const { messages } = await readMessages({ id, limit: 3 });
  t.deepEqual(
    messages.map(({ cause }) => cause),
    ['deactivated', 'email-verified', 'attempt'],
  );
  const seen = [];
  let after: string | undefined;
  for (const expected of messages) {
    const page = await readMessages({ id, limit: 1, after });
    seen.push(...page.messages);
    t.is(page.next, expected.cause === 'attempt' ? null : String(expected.id));
    after = page.next ?? undefined;
  }
  t.deepEqual(seen, messages);
  t.deepEqual(await readMessages({ id, limit: 1, after: '1' }), { messages: [], next: null });
});

test('nobody knows whether an id without mails is anybody', async (t) => {
  const { pool } = await createTestDatabase(t);
  t.deepEqual(await createMessagesReader(pool)({ id, limit: 10 }), { messages: [], next: null });
});

test('without its table the store is unavailable', async (t) => {
  const { pool } = await createEmptyTestDatabase(t);
  const error = await t.throwsAsync(createMessagesReader(pool)({ id, limit: 10 }));
  t.like(error, { code: 'store-unavailable', retryAfterSeconds: 1 });
});
