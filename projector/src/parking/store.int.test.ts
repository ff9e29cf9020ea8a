import { subjects } from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import {
  collectTelemetry,
  createTestDatabase,
  inTrace,
  toTraceparent,
} from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import {
  FIRST_VERSION,
  happenings,
  personalOf,
  projected,
  registration,
  userIdOf,
} from '../accounts.fixture.ts';
import { createOperatorStore } from '../operator/parked-store.ts';
import type { ProjectedRecord } from '../read-models/record.ts';
import { toRowChanges } from '../read-models/row-changes.ts';
import type { ProjectionStore } from '../read-models/store.ts';
import { createPostgresStore } from '../read-models/store-postgres.ts';
import { applyOrPark } from './apply-or-park.ts';
import { createParking, type Park } from './changes.ts';

const accountOf = (n: number) => subjects.account(userIdOf(n));

async function createSetup(t: ExecutionContext): Promise<{ pool: Pool; store: ProjectionStore }> {
  const { pool } = await createTestDatabase(t);
  const store = createPostgresStore(pool, { ...FIRST_VERSION, holder: 'a', leaseMs: 60_000 });
  await store.takeLease();
  return { pool, store };
}

function registers(n: number, position: number, displayName = 'Person'): ProjectedRecord {
  const event = registration(n);
  const personal = { ...personalOf(n), displayName };
  return { kind: 'event', event: projected(n, { ...event, personal }, { position }) };
}

const park: Park = {
  subject: accountOf(1),
  position: 3,
  lastPosition: 3,
  waiting: 1,
  reason: 'undecodable',
  detail: null,
  traceId: '0af7651916cd43dd8448eb211c80319c',
  redriveRequestedAt: null,
};
const none = { parks: [], waits: [], unparked: [] };
const noRows = toRowChanges([]);

async function readParked(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query(
    `select subject, position::int, last_position::int as last, waiting, reason, detail, tries,
       trace_id, redrive_requested_at is not null as requested
     from zameni.parked order by position`,
  );
  return rows;
}

test('a park, its waiting records and its end are stored with the checkpoint', async (t) => {
  const { pool, store } = await createSetup(t);
  await store.apply({ from: 0, to: 3, changes: noRows, parking: { ...none, parks: [park] } });
  const waits = [{ subject: park.subject, lastPosition: 9, waiting: 2 }];
  await store.apply({ from: 3, to: 9, changes: noRows, parking: { ...none, waits } });
  const { traceId: trace_id } = park;
  const row = { subject: park.subject, position: 3, last: 9, waiting: 3, tries: 1, trace_id };
  const expected = { ...row, reason: 'undecodable', detail: null, requested: false };
  t.deepEqual(await readParked(pool), [expected]);
  t.deepEqual(
    await store.readParked(),
    new Map([[park.subject, { position: 3, reason: park.reason }]]),
  );
  t.is(
    await store.apply({ from: 3, to: 9, changes: noRows, parking: { ...none, waits } }),
    undefined,
  );
  t.deepEqual(await readParked(pool), [expected], 'a batch that is not ours changes nothing');
  const unparked = [{ subject: park.subject }];
  await store.apply({ from: 9, to: 9, changes: noRows, parking: { ...none, unparked } });
  t.deepEqual(await readParked(pool), []);
});

test('a redrive that fails counts, and ends the request', async (t) => {
  const { pool, store } = await createSetup(t);
  await store.apply({ from: 0, to: 3, changes: noRows, parking: { ...none, parks: [park] } });
  t.deepEqual(await store.readRedriveRequests(), []);
  await pool.query('update zameni.parked set redrive_requested_at = now()');
  t.like(await store.readRedriveRequests(), [{ subject: park.subject, position: 3 }]);
  const [request] = await store.readRedriveRequests();
  const again = [{ ...park, ...request, reason: 'fold-failed' } as const];
  await store.apply({ from: 3, to: 3, changes: noRows, parking: { ...none, parks: again } });
  t.like(await readParked(pool), [{ reason: 'fold-failed', tries: 2, requested: false }]);
  t.deepEqual(await store.readRedriveRequests(), []);
});

test('what a later version wrote is requested, and nothing else', async (t) => {
  const { pool, store } = await createSetup(t);
  const newer = { ...park, subject: accountOf(2), position: 4, reason: 'newer' } as const;
  const parking = { ...none, parks: [park, newer] };
  await store.apply({ from: 0, to: 4, changes: noRows, parking });
  await store.redriveNewer();
  t.like(await readParked(pool), [{ requested: false }, { requested: true }]);
  t.like(await store.readRedriveRequests(), [{ subject: newer.subject, traceparent: null }]);
});

test('a request that arrives while the subject is tried stays', async (t) => {
  const { pool, store } = await createSetup(t);
  const operator = createOperatorStore(pool);
  const discard = { id: park.subject, position: park.position, reason: 'lost-key', actor: 'o' };
  await store.apply({ from: 0, to: 3, changes: noRows, parking: { ...none, parks: [park] } });
  await operator.requestRedrive(park.subject);
  for (const ask of [
    () => operator.requestRedrive(park.subject),
    () => operator.discard(discard),
  ]) {
    const [tried] = await store.readRedriveRequests();
    await ask();
    const again = [{ ...park, ...tried }];
    await store.apply({ from: 3, to: 3, changes: noRows, parking: { ...none, parks: again } });
    t.like(await readParked(pool), [{ requested: true }]);
  }
  t.deepEqual(await store.readDiscarded(), new Set([park.position]));
});

test('a subject that is parked at a record which was discarded meanwhile is tried again', async (t) => {
  const { pool, store } = await createSetup(t);
  await pool.query(`insert into zameni.discarded (subject, position, reason, discarded_by)
    values ('${park.subject}', 3, 'lost-key', 'o'), ('${accountOf(2)}', 3, 'lost-key', 'o')`);
  const parks = [park, { ...park, subject: accountOf(2), position: 4 }];
  await store.apply({ from: 0, to: 4, changes: noRows, parking: { ...none, parks } });
  t.like(await readParked(pool), [
    { subject: park.subject, requested: true },
    { subject: accountOf(2), requested: false },
  ]);
});

test.serial('a request for a redrive comes with the trace of the operator', async (t) => {
  await collectTelemetry(t);
  const { pool, store } = await createSetup(t);
  const operator = createOperatorStore(pool);
  await store.apply({ from: 0, to: 3, changes: noRows, parking: { ...none, parks: [park] } });
  const { subject, position } = park;
  await inTrace(toTraceparent(1), () => operator.requestRedrive(subject));
  t.like(await store.readRedriveRequests(), [{ traceparent: toTraceparent(1) }]);
  const discard = { id: subject, position, reason: 'lost-key', actor: 'o' };
  await inTrace(toTraceparent(2), () => operator.discard(discard));
  const [request] = await store.readRedriveRequests();
  t.is(request?.traceparent, toTraceparent(2));
  const redriveRequestedAt = request?.redriveRequestedAt ?? null;
  const again = [{ ...park, redriveRequestedAt }];
  await store.apply({ from: 3, to: 3, changes: noRows, parking: { ...none, parks: again } });
  const { rows } = await pool.query('select redrive_traceparent as of from zameni.parked');
  t.deepEqual(rows, [{ of: null }]);
});

test('rows that Postgres refuses park their subjects, and all others are applied', async (t) => {
  const { pool, store } = await createSetup(t);
  const records = [1, 2, 3, 4, 5].map((n) => {
    return registers(n, n, n === 2 || n === 5 ? 'a zero byte \u0000' : 'Person');
  });
  const parking = createParking(new Map());
  const applied = await applyOrPark(store, { from: 0, to: 5, records, parking });
  t.deepEqual(applied?.rows.map(({ userId }) => userId).toSorted(), [1, 3, 4].map(userIdOf));
  t.is(await store.readPosition(), 5);
  t.like(await readParked(pool), [
    { subject: accountOf(2), reason: 'rejected', detail: '22P05' },
    { subject: accountOf(5), reason: 'rejected', detail: '22P05' },
  ]);
});

test('the record that Postgres refuses is named, and the ones before it are applied', async (t) => {
  const { pool, store } = await createSetup(t);
  const personal = { ...happenings.updated.personal, displayName: 'a zero byte \u0000' };
  const update = projected(1, { ...happenings.updated, personal }, { position: 4, version: 2 });
  const records = [registers(1, 3), { kind: 'event', event: update } as const, registers(2, 5)];
  const parking = createParking(new Map());
  const applied = await applyOrPark(store, { from: 0, to: 5, records, parking });
  t.deepEqual(applied?.rows.map(({ userId }) => userId).toSorted(), [1, 2].map(userIdOf));
  t.like(await readParked(pool), [{ subject: accountOf(1), position: 4, waiting: 1 }]);
});

test('a fault that is not of the data parks nobody', async (t) => {
  const { pool, store } = await createSetup(t);
  await pool.query('alter table accounts_v1.users rename to away');
  const batch = { from: 0, to: 1, records: [registers(1, 1)], parking: createParking(new Map()) };
  await t.throwsAsync(applyOrPark(store, batch), { code: '42P01' });
  t.deepEqual(await readParked(pool), []);
  t.is(await store.readPosition(), 0);
});
