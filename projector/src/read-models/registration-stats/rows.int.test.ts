import type { Pool } from '@zameni/runtime';
import { createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import fc from 'fast-check';
import { FIRST_VERSION, happenings, projected, registration } from '../../accounts.fixture.ts';
import { attempted, openAttempt } from '../../attempts.fixture.ts';
import { cutHistories } from '../histories.fixture.ts';
import type { ProjectedRecord } from '../record.ts';
import { toRowChanges } from '../row-changes.ts';
import { createPostgresStore } from '../store-postgres.ts';
import { foldRegistrationCounts } from './fold.ts';

async function createSetup(pool: Pool) {
  const store = createPostgresStore(pool, { ...FIRST_VERSION, holder: 'a', leaseMs: 600_000 });
  await store.takeLease();
  const apply = (from: number, to: number, records: readonly ProjectedRecord[]) =>
    store.apply({ from, to, changes: toRowChanges(records) });
  return { store, apply };
}

async function readStats(pool: Pool) {
  const { rows } = await pool.query(
    `select minute, locale, accepted::integer, registered::integer, verified::integer
     from accounts_v1.registration_stats order by minute, locale`,
  );
  return rows.map((row) => ({ ...row, minute: row.minute.toISOString() }));
}

function happens(n: number, ...[event, place]: Happening): ProjectedRecord {
  return { kind: 'event', event: projected(n, event, place) };
}
type Happening = [Parameters<typeof projected>[1], Parameters<typeof projected>[2]];

const batch = [
  attempted(1, 3),
  attempted(2, 4, openAttempt('k', 'de')),
  happens(3, registration(3), { position: 5 }),
  happens(3, happenings.verified, { position: 6, version: 2 }),
];
const minute = '2026-03-04T05:06:00.000Z';
const once = [
  { minute, locale: 'de', accepted: 1, registered: 0, verified: 0 },
  { minute, locale: 'sr-Cyrl-RS', accepted: 2, registered: 1, verified: 1 },
];

test('a batch counts once, however often it is delivered', async (t) => {
  const { pool } = await createTestDatabase(t);
  const { apply } = await createSetup(pool);
  const rivals = await Promise.all([1, 2, 3, 4].map(() => apply(0, 6, batch)));
  t.is(rivals.filter((rows) => rows !== undefined).length, 1);
  t.is(await apply(0, 6, batch), undefined);
  t.is(await apply(3, 6, batch.slice(1)), undefined);
  t.deepEqual(await readStats(pool), once);
});

test('later batches add to the same minute, also without a move of the checkpoint', async (t) => {
  const { pool } = await createTestDatabase(t);
  const { apply } = await createSetup(pool);
  t.truthy(await apply(0, 6, batch));
  t.truthy(await apply(6, 7, [attempted(4, 7)]));
  // As the records of a parked account are applied later.
  t.truthy(await apply(7, 7, [happens(5, registration(5), { position: 6 })]));
  t.deepEqual(await readStats(pool), [once[0], { ...once[1], accepted: 4, registered: 2 }]);
});

test('a batch that Postgres refuses counts nothing', async (t) => {
  const { pool } = await createTestDatabase(t);
  const { store, apply } = await createSetup(pool);
  const bad = registration(9, { locale: 'de' });
  const refused = { ...bad, personal: { ...bad.personal, displayName: 'a\0b' } };
  await t.throwsAsync(apply(0, 7, [...batch, happens(9, refused, { position: 7 })]));
  t.deepEqual(await readStats(pool), []);
  t.is(await store.readPosition(), 0);
});

test('however a history is cut into batches, the table has its counts', async (t) => {
  const { pool } = await createTestDatabase(t);
  const { store, apply } = await createSetup(pool);
  await fc.assert(
    fc.asyncProperty(cutHistories, async (batches) => {
      await pool.query(
        `truncate accounts_v1.users, accounts_v1.address_owner, accounts_v1.attempts,
           accounts_v1.registration_stats, zameni.erasures`,
      );
      for (const records of batches) {
        const from = await store.readPosition();
        t.truthy(await apply(from, from + 1, records));
      }
      const expected = foldRegistrationCounts(batches.flat());
      const byKey = (rows: readonly { minute: string; locale: string }[]) =>
        new Map(rows.map((row) => [`${row.minute} ${row.locale}`, row]));
      t.deepEqual(byKey(await readStats(pool)), byKey(expected));
    }),
    { numRuns: 40 },
  );
});
