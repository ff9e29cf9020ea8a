import type { Pool } from '@zameni/runtime';
import { createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { parkedSubject } from './parked-store.fixture.ts';
import { createOperatorStore } from './parked-store.ts';

const account = parkedSubject(5);
const attempt = parkedSubject(5, { position: 7, subject: `zameni.attempt.${account.id}` });
const rejected = parkedSubject(6, {
  position: 4,
  lastPosition: 9,
  waiting: 3,
  reason: 'rejected',
  detail: '22001',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
});
const reader = { projection: 'others', version: 2, position: 5 };
const elsewhere = parkedSubject(5, reader);
const all = [rejected, account, elsewhere, attempt];

/** Parks subjects as the projector does, at the time that they name. */
async function park(pool: Pool, parked: readonly ReturnType<typeof parkedSubject>[]) {
  for (const { projection, version, ...rest } of parked) {
    const row = {
      subject: rest.subject,
      position: rest.position,
      last_position: rest.lastPosition,
      waiting: rest.waiting,
      reason: rest.reason,
      detail: rest.detail,
      trace_id: rest.traceId,
      redrive_requested_at: rest.redriveRequestedAt,
    };
    const parks = JSON.stringify([row]);
    await pool.query("select zameni.apply_parked($1, $2, $3, '[]', '[]')", [
      projection,
      version,
      parks,
    ]);
  }
  await pool.query('update zameni.parked set parked_at = $1', [account.parkedAt]);
}

async function readDiscarded(pool: Pool) {
  const { rows } = await pool.query(
    'select subject, position::integer, reason, discarded_by from zameni.discarded order by position',
  );
  return rows;
}

test('lists what is parked in the order of the log, filtered and page by page', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createOperatorStore(pool);
  t.deepEqual(await store.list({ limit: 10 }), { parked: [], next: null });
  await park(pool, [attempt, elsewhere, account, rejected]);
  t.deepEqual(await store.list({ limit: 4 }), { parked: all, next: null });
  const list = async (query: object) => (await store.list({ limit: 10, ...query })).parked;
  t.deepEqual(await list({ projection: 'others' }), [elsewhere]);
  t.deepEqual(await list({ reason: 'rejected' }), [rejected]);
  t.deepEqual(await list({ id: account.id }), [account, elsewhere, attempt]);
  t.deepEqual(await list({ id: attempt.subject }), [attempt]);
  t.deepEqual(await list({ id: '%' }), []);
  const seen = [];
  let after: string | undefined;
  for (const expected of all) {
    const page = await store.list({ limit: 1, after });
    t.deepEqual(page.parked, [expected]);
    t.is(page.next === null, expected === attempt);
    seen.push(...page.parked);
    after = page.next ?? undefined;
  }
  t.deepEqual(seen, all);
});

test('finds every parked subject of an id, and counts those of a version', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createOperatorStore(pool);
  await park(pool, all);
  t.deepEqual(await store.find(rejected.id), [rejected]);
  t.deepEqual(await store.find(account.subject), [account, elsewhere]);
  t.deepEqual(await store.find('nobody'), []);
  t.is(await store.count({ name: 'accounts', version: 1 }), 3);
  t.is(await store.count({ name: 'accounts', version: 2 }), 0);
});

test('a redrive is requested for every version, and the last request counts', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createOperatorStore(pool);
  await park(pool, all);
  const requested = await store.requestRedrive(account.subject);
  t.is(requested.length, 2);
  for (const { subject, redriveRequestedAt } of requested) {
    t.is(subject, account.subject);
    t.truthy(redriveRequestedAt);
  }
  const [again] = await store.requestRedrive(account.subject);
  t.true((again?.redriveRequestedAt ?? '') >= (requested[0]?.redriveRequestedAt ?? 'z'));
  t.deepEqual((await store.find(rejected.id))[0]?.redriveRequestedAt, null);
  t.deepEqual(await store.requestRedrive('nobody'), []);
  // The projector tried again and failed.
  const { rows } = await pool.query<{ at: string }>(
    `select redrive_requested_at::text as at from zameni.parked where projection = $1 and subject = $2`,
    [account.projection, account.subject],
  );
  await park(pool, [{ ...account, redriveRequestedAt: rows[0]?.at ?? null }]);
  t.like((await store.find(account.subject))[0], { tries: 2, redriveRequestedAt: null });
});

test('a discard skips one record for every version and requests a redrive', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createOperatorStore(pool);
  await park(pool, all);
  const discard = { id: account.id, position: 5, reason: 'lost-key', actor: 'operator' };
  const discarded = await store.discard(discard);
  t.deepEqual(
    discarded.map(({ projection, position }) => [projection, position]),
    [
      ['accounts', 5],
      ['others', 5],
    ],
  );
  t.true(discarded.every(({ redriveRequestedAt }) => redriveRequestedAt !== null));
  const kept = [
    { subject: account.subject, position: 5, reason: 'lost-key', discarded_by: 'operator' },
  ];
  t.deepEqual(await readDiscarded(pool), kept);
  // Sent again, by somebody else: the first decision stays.
  t.is((await store.discard({ ...discard, reason: 'other', actor: 'else' })).length, 2);
  t.deepEqual(await readDiscarded(pool), kept);
  t.deepEqual(await store.find(attempt.subject), [attempt]);
});

test('a discard of another position than the parked one changes nothing', async (t) => {
  const { pool } = await createTestDatabase(t);
  const store = createOperatorStore(pool);
  await park(pool, [account]);
  await park(pool, [{ ...account, position: 8 }]);
  for (const position of [5, 7]) {
    const discard = { id: account.id, position, reason: 'lost-key', actor: 'operator' };
    t.deepEqual(await store.discard(discard), []);
  }
  t.deepEqual(await readDiscarded(pool), []);
  t.like((await store.find(account.id))[0], { position: 8, redriveRequestedAt: null });
});

test('a database that does not answer is store-unavailable', async (t) => {
  const { pool } = await createTestDatabase(t);
  await pool.query('drop table zameni.parked cascade');
  const error = await t.throwsAsync(createOperatorStore(pool).list({ limit: 1 }));
  t.like(error, { code: 'store-unavailable', retryAfterSeconds: 1 });
});
