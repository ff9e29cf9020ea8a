import { subjects } from '@zameni/contracts';
import type { Pool } from '@zameni/runtime';
import { createTestDatabase } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
  FIRST_VERSION,
  claimOf,
  emailChanged,
  happenings,
  type Place,
  projected,
  registration,
  userIdOf,
} from '../accounts.fixture.ts';
import { attempted, closedAttempt, openAttempt } from '../attempts.fixture.ts';
import {
  afterEraser,
  expectRows,
  type Rows,
  clearClaims,
  toPlainRows,
} from './expected-rows.fixture.ts';
import { cutHistories } from './histories.fixture.ts';
import type { ProjectedRecord } from './record.ts';
import type { ProjectionStore } from './store.ts';
import { createPostgresStore } from './store-postgres.ts';
import { toRowChanges } from './row-changes.ts';
import type { UserRow } from './users/rows.ts';

type Setup = {
  readonly pool: Pool;
  readonly store: ProjectionStore;
  /** Applies records as one batch after the checkpoint. */
  readonly apply: (...records: readonly ProjectedRecord[]) => Promise<readonly UserRow[]>;
};

async function createSetup(t: ExecutionContext): Promise<Setup> {
  const { pool } = await createTestDatabase(t);
  const store = createPostgresStore(pool, { ...FIRST_VERSION, holder: 'a', leaseMs: 600_000 });
  await store.takeLease();
  const apply: Setup['apply'] = async (...records) => {
    const from = await store.readPosition();
    const to = positionOf(records.at(-1)) ?? from;
    const rows = await store.apply({ from, to, changes: toRowChanges(records) });
    if (rows === undefined) throw new Error('the checkpoint is not ours');
    return rows;
  };
  return { pool, store, apply };
}

function positionOf(record: ProjectedRecord | undefined): number | undefined {
  switch (record?.kind) {
    case undefined:
      return undefined;
    case 'event':
      return record.event.position;
    case 'attempt':
      return record.attempt.position;
    default:
      return record satisfies never;
  }
}

/** An event of the n-th test person. */
function happens(n: number, ...[event, place]: Happening): ProjectedRecord {
  return { kind: 'event', event: projected(n, event, place) };
}

type Happening = [event: Parameters<typeof projected>[1], place: Place];

/** `registered` of the n-th test person. */
function registers(n: number, position: number): ProjectedRecord {
  return happens(n, registration(n), { position });
}

async function readRows(pool: Pool): Promise<Rows> {
  const users = await pool.query(
    `select user_id as "userId", email, email_verified as "emailVerified",
       display_name as "displayName", locale, terms_version as "termsVersion", profile, status,
       registered_at as "registeredAt", version, claim, position::integer
     from accounts_v1.users`,
  );
  const owners = await pool.query(
    'select k, user_id as "userId", position::integer from accounts_v1.address_owner',
  );
  const attempts = await pool.query(
    `select attempt_id as "attemptId", claim, position::integer, expires_at as "expiresAt", state,
       user_id as "userId"
     from accounts_v1.attempts`,
  );
  const erasures = await pool.query('select user_id as id, position::integer from zameni.erasures');
  return {
    users: new Map(
      users.rows.map((row) => [
        row.userId,
        { ...row, registeredAt: row.registeredAt.toISOString() },
      ]),
    ),
    owners: new Map(owners.rows.map(({ k, ...owner }) => [k, owner])),
    attempts: new Map(
      attempts.rows.map((row) => [
        row.attemptId,
        { ...row, expiresAt: row.expiresAt.toISOString() },
      ]),
    ),
    erasures: new Map(erasures.rows.map(({ id, position }) => [id, position])),
  };
}

test('however a history is cut into batches, the tables are the same', async (t) => {
  const { pool, store, apply } = await createSetup(t);
  await fc.assert(
    fc.asyncProperty(cutHistories, fc.boolean(), async (batches, eraserWasThere) => {
      await pool.query(
        `truncate accounts_v1.users, accounts_v1.address_owner, accounts_v1.attempts,
           zameni.erasures`,
      );
      await pool.query('update zameni.checkpoints set position = 0');
      const given = eraserWasThere ? afterEraser(batches) : batches;
      for (const batch of given) {
        const written = await apply(...batch);
        const { users } = await readRows(pool);
        for (const row of written) t.deepEqual(users.get(row.userId), row);
      }
      const clear = (rows: Rows) =>
        toPlainRows(
          eraserWasThere ? { ...rows, attempts: clearClaims(rows.attempts) } : { ...rows },
        );
      const expected = clear(expectRows(batches.flat()));
      t.deepEqual(clear(await readRows(pool)), expected);
      // The last batch again changes nothing.
      await pool.query('update zameni.checkpoints set position = 0');
      const last = given.at(-1) ?? [];
      const again = { from: 0, to: positionOf(last.at(-1)) ?? 0, changes: toRowChanges(last) };
      t.deepEqual(await store.apply(again), []);
      t.deepEqual(clear(await readRows(pool)), expected);
    }),
    { numRuns: 60 },
  );
});

test('a change is applied to the existing row, and the whole row is returned', async (t) => {
  const { apply } = await createSetup(t);
  await apply(registers(1, 3), registers(2, 6));
  const rows = await apply(happens(1, happenings.updated, { position: 7, version: 2 }));
  t.is(rows.length, 1);
  t.like(rows[0], {
    position: 7,
    email: 'Person.1@example.org',
    displayName: 'Љиља',
    locale: 'de',
    version: 2,
  });
});

const isGap = { code: '23Z01' };

test('an event that does not follow the row is refused, and nothing of the batch is applied', async (t) => {
  const { pool, store, apply } = await createSetup(t);
  await apply(registers(1, 3));
  const late = happens(1, happenings.updated, { position: 7, version: 3 });
  await t.throwsAsync(apply(registers(2, 6), late), isGap);
  const batch = { from: 3, to: 7, changes: toRowChanges([late]) };
  t.is(await store.findRejection(batch), '23Z01');
  const missing = happens(1, happenings.updated, { position: 5, version: 2 });
  const later = happens(1, happenings.verified, { position: 9, version: 4 });
  await t.throwsAsync(apply(missing, later), isGap);
  t.is((await readRows(pool)).users.size, 1);
  await apply(missing, late, later);
  t.like((await readRows(pool)).users.get(userIdOf(1)), { version: 4 });
});

test('an event of a person without a row is refused, unless they were erased', async (t) => {
  const { pool, apply } = await createSetup(t);
  const second = happens(1, happenings.updated, { position: 7, version: 2 });
  await t.throwsAsync(apply(second), isGap);
  const gap = happens(2, happenings.updated, { position: 8, version: 3 });
  await t.throwsAsync(apply(registers(2, 6), gap), isGap);
  await pool.query(
    'insert into zameni.erasures (user_id, position, requested_at) values ($1, 3, now())',
    [userIdOf(1)],
  );
  t.deepEqual(await apply(second), []);
  t.is((await readRows(pool)).users.size, 0);
});

test('records that operators have discarded excuse a gap', async (t) => {
  const { pool, apply } = await createSetup(t);
  const discard = (n: number, position: number) =>
    pool.query(
      `insert into zameni.discarded (subject, position, reason, discarded_by)
       values ($1, $2, 'test', 'test')`,
      [subjects.account(userIdOf(n)), position],
    );
  await apply(registers(1, 3));
  await discard(1, 4);
  const third = happens(1, happenings.updated, { position: 7, version: 3 });
  const fifth = happens(1, happenings.updated, { position: 9, version: 5 });
  await t.throwsAsync(apply(third, fifth), isGap);
  await apply(third);
  await t.throwsAsync(apply(fifth), isGap);
  t.like((await readRows(pool)).users.get(userIdOf(1)), { version: 3 });
  // Without its registration a person never gets a row.
  await discard(2, 8);
  t.deepEqual(await apply(happens(2, happenings.updated, { position: 10, version: 4 })), []);
});

test('an address goes from an account that is disowned to the one that was proven', async (t) => {
  const { pool, apply } = await createSetup(t);
  const claim = claimOf(900);
  await apply(
    happens(1, registration(1, { claim }), { position: 3 }),
    attempted(2, 4, openAttempt(claim)),
  );
  await apply(
    attempted(2, 5, closedAttempt(4, { provenTo: userIdOf(2) })),
    happens(2, registration(2, { claim, emailVerified: true }), { position: 8 }),
    happens(1, happenings.disowned, { position: 9, version: 2 }),
  );
  const { users, owners, attempts } = await readRows(pool);
  t.deepEqual(
    [1, 2].map((n) => users.get(userIdOf(n))?.status),
    ['deactivated', 'active'],
  );
  t.deepEqual([...owners], [[claim, { userId: userIdOf(2), position: 8 }]]);
  t.is(attempts.get(userIdOf(2))?.state, 'registered');
});

test('a person who changes their address gives the old one up', async (t) => {
  const { pool, apply } = await createSetup(t);
  await apply(registers(1, 3));
  await apply(happens(1, emailChanged(claimOf(900)), { position: 5, version: 2 }));
  const { owners } = await readRows(pool);
  t.deepEqual([...owners], [[claimOf(900), { userId: userIdOf(1), position: 5 }]]);
});

test('an erasure deletes the row and is recorded, and no replay restores the row', async (t) => {
  const { pool, apply, store } = await createSetup(t);
  await apply(registers(1, 3));
  const actor = { type: 'caller', id: 'app-1' } as const;
  await apply(happens(1, happenings.erased, { position: 5, version: 2, actor }));
  const { rows } = await pool.query('select * from zameni.erasures');
  t.like(rows, [
    {
      user_id: userIdOf(1),
      position: '5',
      requested_at: new Date('2026-03-04T05:06:07.089Z'),
      requested_by: 'app-1',
      cache_at: null,
      key_at: null,
      claims_at: null,
    },
  ]);
  t.true(rows[0]?.read_model_at instanceof Date);
  await pool.query('update zameni.checkpoints set position = 0');
  t.deepEqual(await store.apply({ from: 0, to: 3, changes: toRowChanges([registers(1, 3)]) }), []);
  const after = await readRows(pool);
  t.is(after.users.size, 0);
  t.is(after.owners.size, 0);
});

test('erasures are returned for the cache until they are marked', async (t) => {
  const { apply, store } = await createSetup(t);
  await apply(registers(1, 3), registers(2, 6));
  await apply(
    happens(2, happenings.erased, { position: 7, version: 2 }),
    happens(1, happenings.erased, { position: 8, version: 2 }),
  );
  t.deepEqual(await store.readErasuresNotInCache(), [
    { userId: userIdOf(2), position: 7 },
    { userId: userIdOf(1), position: 8 },
  ]);
  await store.markErasedFromCache([userIdOf(2)]);
  t.deepEqual(await store.readErasuresNotInCache(), [{ userId: userIdOf(1), position: 8 }]);
});
