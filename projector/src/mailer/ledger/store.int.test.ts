import type { Pool } from '@zameni/runtime';
import { createTestDatabase } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { claimOf, userIdOf } from '../../accounts.fixture.ts';
import type { Cause } from './message.ts';
import { createPostgresLedger, type Ledger } from './store.ts';

const BUDGET = { mails: 3, windowSeconds: 3_600 };

/** A ledger whose lease is taken. */
async function openLedger(t: ExecutionContext): Promise<{ ledger: Ledger; pool: Pool }> {
  const { pool } = await createTestDatabase(t);
  const owner = { projection: 'mailer', version: 1, holder: 'a', leaseMs: 60_000 };
  const ledger = createPostgresLedger(pool, owner);
  await ledger.takeLease();
  await ledger.begin(0);
  return { ledger, pool };
}

function toAccount(n: number, position: number): Cause {
  const userId = userIdOf(n);
  return {
    cause: 'registered',
    position,
    userId,
    attemptId: null,
    recipient: userId,
    mailbox: null,
    recordAt: null,
    traceparent: null,
  };
}

function toMailbox(n: number, position: number): Cause {
  const attemptId = userIdOf(position);
  return {
    cause: 'attempt',
    position,
    userId: null,
    attemptId,
    recipient: `attempt ${attemptId}`,
    mailbox: claimOf(n),
    recordAt: null,
    traceparent: null,
  };
}

type Row = { readonly position: number; readonly state: string; readonly reason: string | null };

async function rowsIn(pool: Pool): Promise<readonly Row[]> {
  const { rows } = await pool.query<Row>(
    'select position::integer, state, reason from mailer.messages order by id',
  );
  return rows;
}

const positions = (taken: readonly Pick<Cause, 'position'>[]) =>
  taken.map(({ position }) => position).toSorted((a, b) => a - b);
const take = (ledger: Ledger, max = 10) => ledger.take(max, BUDGET);

test('mails are added once, together with the checkpoint', async (t) => {
  const { ledger, pool } = await openLedger(t);
  const causes = [toAccount(1, 3), toAccount(2, 5)];
  t.true(await ledger.add({ from: 0, to: 5, causes }));
  t.false(await ledger.add({ from: 0, to: 5, causes }));
  t.true(await ledger.add({ from: 5, to: 6, causes: [toAccount(2, 5)] }));
  t.is(await ledger.readPosition(), 6);
  t.deepEqual(await rowsIn(pool), [
    { position: 3, state: 'waiting', reason: null },
    { position: 5, state: 'waiting', reason: null },
  ]);
});

test('a process that lost the lease adds nothing', async (t) => {
  const { ledger, pool } = await openLedger(t);
  await pool.query(`update mailer.checkpoints set holder = 'b'`);
  t.false(await ledger.add({ from: 0, to: 5, causes: [toAccount(1, 3)] }));
  t.deepEqual(await rowsIn(pool), []);
});

test('begin moves only the checkpoint of a mailer that never ran', async (t) => {
  const { ledger, pool } = await openLedger(t);
  // It has begun at the start of an empty log, so what comes is not from before.
  await ledger.begin(40);
  t.is(await ledger.readPosition(), 0);
  await pool.query('update mailer.checkpoints set position = -1');
  await ledger.begin(50);
  t.is(await ledger.readPosition(), 50);
});

test('accounts are served side by side, each in order', async (t) => {
  const { ledger } = await openLedger(t);
  const causes = [toAccount(1, 3), toAccount(2, 4), toAccount(1, 5), toAccount(1, 6)];
  await ledger.add({ from: 0, to: 6, causes });
  const first = await take(ledger);
  t.deepEqual(positions(first), [3, 4]);
  t.deepEqual(await take(ledger), []);
  const [one] = first.filter(({ position }) => position === 3);
  if (one === undefined) return t.fail();
  await ledger.finish([
    { id: one.id, takes: one.takes, outcome: { state: 'sent', kind: 'welcome' } },
  ]);
  t.deepEqual(positions(await take(ledger)), [5]);
});

test('a mail that waits holds back the later ones of its recipient only', async (t) => {
  const { ledger } = await openLedger(t);
  await ledger.add({ from: 0, to: 6, causes: [toAccount(1, 3), toAccount(1, 5), toAccount(2, 6)] });
  for (const { id, takes, position } of await take(ledger)) {
    const outcome = { state: 'waiting', reason: '451', delayMs: 60_000 } as const;
    if (position === 3) await ledger.finish([{ id, takes, outcome }]);
  }
  t.deepEqual(await take(ledger), []);
  const dueInMs = (await ledger.nextDueInMs()) ?? -1;
  // Position 5 is due, but behind the one that waits: it must not be looked for again and again.
  t.true(dueInMs > 50_000 && dueInMs <= 60_000);
});

test('several takers never take the same mail', async (t) => {
  const { ledger } = await openLedger(t);
  const causes = Array.from({ length: 60 }, (_, n) => toAccount(n + 1, n + 1));
  await ledger.add({ from: 0, to: 60, causes });
  const taken = await Promise.all(Array.from({ length: 4 }, () => take(ledger, 20)));
  const all = taken.flat().map(({ id }) => id);
  t.is(new Set(all).size, all.length);
  t.true(all.length >= 20);
});

test('strangers have a budget for each mailbox; the rest waits and becomes one mail', async (t) => {
  const { ledger, pool } = await openLedger(t);
  const causes = [1, 2, 3, 4, 5, 6].map((position) => toMailbox(1, position));
  await ledger.add({ from: 0, to: 8, causes: [...causes, toMailbox(2, 7), toAccount(1, 8)] });
  const taken = await take(ledger);
  t.deepEqual(positions(taken), [1, 2, 3, 7, 8]);
  const sent = { state: 'sent', kind: 'confirm-attempt' } as const;
  await ledger.finish(taken.map(({ id, takes }) => ({ id, takes, outcome: sent })));
  t.deepEqual(await take(ledger), []);
  t.deepEqual(
    (await rowsIn(pool))
      .filter(({ reason }) => reason === 'mailbox-budget')
      .map((row) => row.position),
    [4, 5, 6],
  );
  // An hour later.
  await pool.query(
    `update mailer.messages set changed_at = changed_at - interval '2 hours',
       next_at = next_at - interval '2 hours'`,
  );
  const later = await take(ledger);
  t.like(later, [{ position: 6, merged: 2 }]);
  t.is(later.length, 1);
  t.deepEqual(
    (await rowsIn(pool)).filter(({ state }) => state === 'merged').map((row) => row.position),
    [4, 5],
  );
});

test('however many mails wait for their mailbox, they become one', async (t) => {
  const { ledger, pool } = await openLedger(t);
  const causes = Array.from({ length: 50 }, (_, n) => toMailbox(1, n + 1));
  await ledger.add({ from: 0, to: 50, causes });
  await pool.query(`update mailer.messages set reason = 'mailbox-budget'`);
  const taken = await take(ledger, 1);
  t.like(taken, [{ merged: 49 }]);
  t.deepEqual(await take(ledger, 1), []);
});

test('mails are merged only into one that is taken', async (t) => {
  const { ledger, pool } = await openLedger(t);
  const causes = [toAccount(1, 1), ...[2, 3, 4].map((position) => toMailbox(1, position))];
  await ledger.add({ from: 0, to: 4, causes });
  await pool.query(
    `update mailer.messages set reason = 'mailbox-budget' where mailbox is not null`,
  );
  t.like(await take(ledger, 1), [{ position: 1 }]);
  t.like(await take(ledger, 1), [{ position: 4, merged: 2 }]);
});

test('a mail that may have been sent is repeated once', async (t) => {
  const { ledger, pool } = await openLedger(t);
  await ledger.add({ from: 0, to: 1, causes: [toAccount(1, 1)] });
  const doubtful = { state: 'doubtful', kind: 'welcome', reason: 'lost-after-dot' } as const;
  const [first] = await take(ledger);
  if (first === undefined) return t.fail();
  await ledger.finish([{ ...first, outcome: doubtful }]);
  const [second] = await take(ledger);
  t.like(second, { takes: 2, repeats: 1 });
  if (second === undefined) return t.fail();
  // The first process wakes, and says what it knows.
  await ledger.finish([{ ...first, outcome: { state: 'sent', kind: 'welcome' } }]);
  t.like(await rowsIn(pool), [{ state: 'sending' }]);
  await ledger.finish([{ ...second, outcome: doubtful }]);
  t.deepEqual(await rowsIn(pool), [{ position: 1, state: 'unknown', reason: 'lost-after-dot' }]);
  t.deepEqual(await take(ledger), []);
});

test('what a process had handed to a server and left behind is repeated once', async (t) => {
  const { ledger, pool } = await openLedger(t);
  await ledger.add({ from: 0, to: 1, causes: [toAccount(1, 1)] });
  await ledger.hand(await take(ledger));
  t.is(await ledger.takeBack(60_000), 0);
  t.is(await ledger.takeBack(0), 1);
  const again = await take(ledger);
  t.like(again, [{ takes: 2, tries: 1, repeats: 1 }]);
  await ledger.hand(again);
  t.is(await ledger.takeBack(0), 1);
  t.deepEqual(await rowsIn(pool), [{ position: 1, state: 'unknown', reason: 'interrupted' }]);
});

test('what a process had only taken is taken again without doubt, and is its own no more', async (t) => {
  const { ledger } = await openLedger(t);
  await ledger.add({ from: 0, to: 1, causes: [toAccount(1, 1)] });
  const first = await take(ledger);
  t.is(await ledger.takeBack(0), 1);
  t.deepEqual([...(await ledger.hand(first))], []);
  const second = await take(ledger);
  t.like(second, [{ takes: 2, tries: 0, repeats: 0 }]);
  t.deepEqual([...(await ledger.hand(first))], []);
  t.deepEqual([...(await ledger.hand(second))], [second[0]?.id]);
});

test('many mails behind one that waits keep no other recipient waiting', async (t) => {
  const { ledger } = await openLedger(t);
  const blocked = Array.from({ length: 50 }, (_, n) => toAccount(1, n + 1));
  await ledger.add({ from: 0, to: 51, causes: [...blocked, toAccount(2, 51)] });
  const [first] = await take(ledger, 1);
  if (first === undefined) return t.fail();
  t.deepEqual(positions(await take(ledger, 1)), [51]);
});

test('a farewell waits for no other mail of the account, which is looked at again at once', async (t) => {
  const { ledger } = await openLedger(t);
  await ledger.add({ from: 0, to: 4, causes: [toAccount(1, 3), toAccount(2, 4)] });
  const later = { state: 'waiting', reason: '451', delayMs: 3_600_000 } as const;
  const both = await take(ledger);
  await ledger.finish(both.map(({ id, takes }) => ({ id, takes, outcome: later })));
  await ledger.add({ from: 4, to: 6, causes: [{ ...toAccount(1, 6), cause: 'farewell' }] });
  const [earlier, ...others] = await take(ledger);
  t.is(earlier?.position, 3);
  t.deepEqual(others, []);
  if (earlier === undefined) return t.fail();
  const { id, takes } = earlier;
  const outcome = { state: 'not-needed', reason: 'erased' } as const;
  await ledger.finish([{ id, takes, outcome }]);
  t.like(await take(ledger), [{ cause: 'farewell', position: 6, mailbox: null }]);
});

test('the mailbox of a forgotten attempt is gone in the transaction of the checkpoint', async (t) => {
  const { ledger, pool } = await openLedger(t);
  await ledger.add({ from: 0, to: 2, causes: [toMailbox(1, 1), toMailbox(1, 2)] });
  const mailboxes = async () => {
    const { rows } = await pool.query<{ mailbox: string | null }>(
      'select mailbox from mailer.messages order by id',
    );
    return rows.map(({ mailbox }) => mailbox);
  };
  const forgotten = [userIdOf(1)];
  t.false(await ledger.add({ from: 9, to: 10, causes: [], forgotten }));
  t.deepEqual(await mailboxes(), [claimOf(1), claimOf(1)]);
  t.true(await ledger.add({ from: 2, to: 3, causes: [], forgotten }));
  t.deepEqual(await mailboxes(), [null, claimOf(1)]);
});

test('a process that lost the lease takes no mail', async (t) => {
  const { ledger, pool } = await openLedger(t);
  await ledger.add({ from: 0, to: 5, causes: [toAccount(1, 3)] });
  await pool.query(`update mailer.checkpoints set holder = 'b'`);
  t.deepEqual(await take(ledger), []);
});

test('an unreadable record is noted and never sent', async (t) => {
  const { ledger, pool } = await openLedger(t);
  const nobody = {
    userId: null,
    attemptId: null,
    mailbox: null,
    recordAt: null,
    traceparent: null,
  };
  const cause = { ...nobody, cause: 'unreadable', position: 4, recipient: 'record 4' } as const;
  await ledger.add({ from: 0, to: 4, causes: [cause] });
  t.deepEqual(await take(ledger), []);
  t.deepEqual(await rowsIn(pool), [
    { position: 4, state: 'abandoned', reason: 'unreadable-record' },
  ]);
});

test('digests go when no budget needs them, and old mails of attempts too', async (t) => {
  const { ledger, pool } = await openLedger(t);
  await ledger.add({ from: 0, to: 3, causes: [toMailbox(1, 1), toMailbox(1, 2), toAccount(1, 3)] });
  const taken = await take(ledger);
  const sent = { state: 'sent', kind: 'welcome' } as const;
  await ledger.finish(taken.map(({ id, takes }) => ({ id, takes, outcome: sent })));
  const digests = async () => {
    const { rows } = await pool.query('select id from mailer.messages where mailbox is not null');
    return rows.length;
  };
  await ledger.clear(BUDGET);
  t.is(await digests(), 2);
  await pool.query(`update mailer.messages set changed_at = now() - interval '2 hours'`);
  await ledger.clear(BUDGET);
  t.is(await digests(), 0);
  await pool.query(`update mailer.messages set changed_at = now() - interval '9 days'`);
  await ledger.clear(BUDGET);
  t.deepEqual(
    (await rowsIn(pool)).map(({ position }) => position),
    [3],
  );
});

test('mails that are due longest are taken first, whenever they were asked for', async (t) => {
  const { ledger, pool } = await openLedger(t);
  const causes = Array.from({ length: 6 }, (_, n) => toAccount(n + 1, n + 1));
  await ledger.add({ from: 0, to: 6, causes });
  // The first ones are tried again and again.
  await pool.query(
    `update mailer.messages set next_at = now() - case when position < 5
       then interval '1 second' else interval '1 minute' end`,
  );
  t.deepEqual(positions(await take(ledger, 2)), [5, 6]);
});

test('says how long the mail is due that is due longest and waits for no other', async (t) => {
  const { ledger, pool } = await openLedger(t);
  t.is(await ledger.dueForMs(), 0);
  await ledger.add({ from: 0, to: 3, causes: [toAccount(1, 1), toAccount(1, 2), toAccount(2, 3)] });
  await pool.query(
    `update mailer.messages set next_at = now() + case position
       when 1 then interval '1 hour' when 2 then interval '-2 hours' else interval '-1 minute' end`,
  );
  const dueForMs = await ledger.dueForMs();
  t.true(dueForMs >= 60_000 && dueForMs < 120_000, `${dueForMs} ms`);
});

/** The n-th trace context. */
const traceOf = (n: number) => `00-${String(n).padStart(32, '0')}-00000000000000aa-01`;

/** The trace contexts that the ledger keeps, by position. */
async function tracesIn(pool: Pool): Promise<readonly unknown[]> {
  const { rows } = await pool.query<{ own: string | null; merged: string[] }>(
    'select traceparent as own, merged_traceparents as merged from mailer.messages order by id',
  );
  return rows.map(({ own, merged }) => [own, ...merged]);
}

test('a mail keeps instant and trace of its record until it is sent or not needed', async (t) => {
  const { ledger, pool } = await openLedger(t);
  const recordAt = '2026-03-04T05:06:07.089Z';
  const causes = [1, 2, 3].map((n) => ({ ...toAccount(n, n), recordAt, traceparent: traceOf(n) }));
  await ledger.add({ from: 0, to: 3, causes });
  const taken = await take(ledger);
  t.like(
    taken.toSorted((a, b) => a.id - b.id),
    [1, 2, 3].map((n) => ({ traceparent: traceOf(n), recordAt: new Date(recordAt) })),
  );
  const outcomes = [
    { state: 'sent', kind: 'welcome' },
    { state: 'not-needed', reason: 'erased' },
    { state: 'abandoned', reason: 'rcpt 550' },
  ] as const;
  for (const { id, takes, position } of taken) {
    const outcome = outcomes[position - 1];
    if (outcome !== undefined) await ledger.finish([{ id, takes, outcome }]);
  }
  t.deepEqual(await tracesIn(pool), [[null], [null], [traceOf(3)]]);
  // Their person is erased.
  await ledger.add({ from: 3, to: 4, causes: [], forgotten: [userIdOf(3)] });
  t.deepEqual(await tracesIn(pool), [[null], [null], [null]]);
});

test('a mail keeps the traces of those merged into it, and counts what they answered', async (t) => {
  const { ledger, pool } = await openLedger(t);
  const causes = [1, 2, 3].map((n) => ({ ...toMailbox(1, n), traceparent: traceOf(n) }));
  await ledger.add({ from: 0, to: 3, causes });
  await pool.query(
    `update mailer.messages set reason = 'mailbox-budget',
       merged = case position when 2 then 4 else 0 end,
       merged_traceparents = case position when 2 then array['${traceOf(9)}'] else '{}' end`,
  );
  const [mail] = await take(ledger);
  t.like(mail, { position: 3, merged: 6, traceparent: traceOf(3) });
  t.deepEqual(mail?.mergedTraceparents.toSorted(), [1, 2, 9].map(traceOf));
  if (mail === undefined) return t.fail();
  await ledger.finish([{ ...mail, outcome: { state: 'waiting', reason: '451', delayMs: 0 } }]);
  const [again] = await take(ledger);
  t.deepEqual(again?.mergedTraceparents, mail.mergedTraceparents, 'also of the next try');
});
