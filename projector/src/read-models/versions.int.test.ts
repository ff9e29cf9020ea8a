import { createTestDatabase, waitUntil } from '@zameni/runtime/testing';
import test from 'ava';
import { claimOf, emailChanged, happenings, userIdOf } from '../accounts.fixture.ts';
import { attempted, closedAttempt, voidedAttempt } from '../attempts.fixture.ts';
import {
  addVersion,
  codeOf,
  followVersion,
  happens,
  readPeople,
  readStates,
  registers,
} from './versions.fixture.ts';

const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';
const NOT_IN_STATE = '55000';

/** Registers two people, one of them by proof of an attempt. */
const before = [
  attempted(3, 3),
  attempted(3, 4, closedAttempt(3, { provenTo: userIdOf(1) })),
  registers(1, 5),
  registers(2, 6),
];
const erases = (n: number, position: number) =>
  happens(n, happenings.erased, { position, version: 2 });
const gone = { claim: null, state: 'gone', user: null };

const reachesOther = test.macro<[by: 1 | 2]>({
  title: (_, by) => `an erasure that version ${by} applies reaches the other one at once`,
  exec: async (t, by) => {
    const { pool } = await createTestDatabase(t);
    const versions = [await followVersion(pool, 1), await addVersion(pool, 2)];
    const ahead = versions.find(({ version }) => version === by);
    const behind = versions.find(({ version }) => version !== by);
    if (ahead === undefined || behind === undefined) return t.fail();
    for (const { apply } of versions) await apply(6, ...before);
    // The one that is behind does not have the registration of person 4.
    await ahead.apply(10, registers(4, 7), erases(1, 9), erases(4, 10));
    const left = {
      users: [userIdOf(2)],
      owners: [claimOf(2)],
      attempts: [{ id: userIdOf(3), ...gone }],
    };
    t.deepEqual(await readPeople(pool, behind.version), left);
    t.deepEqual(await readPeople(pool, ahead.version), left);
    const erasures = 'select * from zameni.erasures order by position';
    const { rows } = await pool.query(erasures);
    t.is(rows.length, 2);

    await behind.apply(
      8,
      attempted(5, 6),
      attempted(5, 7, closedAttempt(6, { provenTo: userIdOf(4) })),
      registers(4, 7),
      happens(1, emailChanged(claimOf(900)), { position: 8, version: 2 }),
    );
    await behind.apply(8, happens(1, happenings.updated, { position: 8, version: 2 }));
    const attempts = [...left.attempts, { id: userIdOf(5), ...gone }];
    t.deepEqual(await readPeople(pool, behind.version), { ...left, attempts });
    await behind.apply(10, erases(1, 9), erases(4, 10));
    t.deepEqual(await readPeople(pool, behind.version), { ...left, attempts });
    t.deepEqual((await pool.query(erasures)).rows, rows, 'the first one counts');
  },
});
test(reachesOther, 1);
test(reachesOther, 2);

test('versions, the cache and the eraser change erased people without a deadlock', async (t) => {
  const { pool } = await createTestDatabase(t);
  const versions = [await followVersion(pool, 1), await addVersion(pool, 2)];
  const [ROUNDS, PEOPLE] = [120, 8];
  const codes: unknown[] = [];
  const isDone = new Set<number>();
  const note = (error: unknown) => codes.push(codeOf(error));
  const follow = async ({ version, apply }: (typeof versions)[number]) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const people = Array.from({ length: PEOPLE }, (_, n) => round * PEOPLE + n + 1);
      const turned = (round + version) % 2 === 0 ? people : people.toReversed();
      const at = 10 * round;
      const records = [
        ...people.map((n) => registers(n, at + 1)),
        ...people.map((n) => attempted(n, at + 2, closedAttempt(1, { provenTo: userIdOf(n) }))),
      ];
      await apply(at + 2, ...records).catch(note);
      await apply(at + 3, ...turned.map((n) => erases(n, at + 3))).catch(note);
    }
    isDone.add(version);
  };
  const markCached = async ({ store }: (typeof versions)[number]) => {
    while (isDone.size < versions.length) {
      const erasures = await store.readErasuresNotInCache();
      const ids = erasures.map(({ userId }) => userId);
      await store.markErasedFromCache(ids.toReversed()).catch(note);
      await pool
        .query('select zameni.remove_attempt($1, $2, $3)', [userIdOf(1), claimOf(1), 9])
        .catch(note);
    }
  };
  await Promise.all([...versions.map(follow), ...versions.map(markCached)]);
  t.is(codes.filter((code) => code === DEADLOCK).length, 0);
  t.deepEqual(codes, []);
  for (const { version, store } of versions) {
    t.is(await store.readPosition(), 10 * ROUNDS - 7);
    t.like(await readPeople(pool, version), { users: [], owners: [] });
  }
});

const COUNTS = `select locale, accepted::int, registered::int, verified::int
  from accounts_v2.registration_stats`;
const CARRY = 'select accounts_v2.carry_over(2, 1)';

for (const { selected, counts, users, attempts } of [
  {
    selected: ['users', 'attempts', 'registration_stats'],
    counts: [3, 0, 0],
    users: 0,
    attempts: 0,
  },
  { selected: ['users'], counts: [3, 2, 1], users: 0, attempts: 1 },
  { selected: ['attempts'], counts: [3, 2, 1], users: 2, attempts: 0 },
  { selected: ['registration_stats'], counts: [3, 0, 0], users: 2, attempts: 1 },
] as const) {
  test(`a rebuild of ${selected.join(' and ')} begins with copies of all else`, async (t) => {
    const { pool } = await createTestDatabase(t);
    const verifies = happens(2, happenings.verified, { position: 7, version: 2 });
    await (await followVersion(pool, 1)).apply(9, ...before, verifies);
    await addVersion(pool, 2, selected);
    const { rows } = await pool.query(CARRY);
    t.deepEqual(rows, [{ carry_over: '9' }]);
    const [accepted, registered, verified] = counts;
    t.deepEqual((await pool.query(COUNTS)).rows, [
      { locale: 'sr-Cyrl-RS', accepted, registered, verified },
    ]);
    const copied = await readPeople(pool, 2);
    t.is(copied.users.length, users);
    t.is(copied.owners.length, users);
    t.is(copied.attempts.length, attempts);
    for (const table of ['users', 'address_owner', 'attempts']) {
      const sql = `select * from accounts_v2.${table} except select * from accounts_v1.${table}`;
      t.deepEqual((await pool.query(sql)).rows, [], table);
    }
    const carried = 'select carried_position from zameni.read_models where version = 2';
    t.deepEqual((await pool.query(carried)).rows, [{ carried_position: '9' }]);
    await t.throwsAsync(pool.query(CARRY), { code: UNIQUE_VIOLATION });
    t.deepEqual(await readPeople(pool, 2), copied, 'a second copy changes nothing');
  });
}

test('copies are made once, also of empty tables, and only into a version that is built', async (t) => {
  const { pool } = await createTestDatabase(t);
  await addVersion(pool, 2);
  await pool.query(`update zameni.read_models set state = 'dropped' where version = 2`);
  await t.throwsAsync(pool.query(CARRY), { code: NOT_IN_STATE });
  await pool.query(`update zameni.read_models set state = 'building' where version = 2`);
  t.deepEqual((await pool.query(CARRY)).rows, [{ carry_over: '0' }]);
  await t.throwsAsync(pool.query(CARRY), { code: NOT_IN_STATE });
});

test('what is erased while copies are made is not in the copies', async (t) => {
  const { pool } = await createTestDatabase(t);
  const live = await followVersion(pool, 1);
  const open = [6, 7, 8].map((n) => attempted(n, 7));
  await live.apply(9, ...before, ...open, attempted(8, 8, voidedAttempt(7)), registers(5, 8));
  await addVersion(pool, 2, ['registration_stats']);
  // The copies have their snapshot, and wait for a row of person 2.
  const client = await pool.connect();
  await client.query('begin');
  await client.query('insert into accounts_v2.users select * from accounts_v1.users limit 1');
  const carried = pool.query(CARRY);
  const waits = `select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query = $1`;
  await waitUntil(async () => (await pool.query(waits, [CARRY])).rowCount === 1);
  // One of the erasures is of a person who was parked.
  await live.apply(12, erases(1, 12), erases(5, 9));
  const remove = 'select zameni.remove_attempt($1, $2, $3)';
  await pool.query(remove, [userIdOf(6), claimOf(6), 9]);
  const clear = 'select zameni.clear_attempt_claim($1, $2, $3)';
  await pool.query(clear, [userIdOf(8), claimOf(8), 9]);
  await client.query('rollback');
  client.release();
  t.deepEqual((await carried).rows, [{ carry_over: '9' }]);
  const left = await readPeople(pool, 2);
  t.deepEqual(left, await readPeople(pool, 1));
  t.deepEqual(left.users, [userIdOf(2)]);
  t.deepEqual(left.owners, [claimOf(2)]);
  t.deepEqual(left.attempts, [
    { id: userIdOf(3), ...gone },
    { id: userIdOf(7), claim: claimOf(7), state: 'open', user: null },
    { id: userIdOf(8), claim: null, state: 'void', user: null },
  ]);
});

test('only a dropped version is deleted, with all that is left of it', async (t) => {
  const { pool } = await createTestDatabase(t);
  const { apply } = await addVersion(pool, 2);
  await apply(6, ...before);
  const park = { subject: 'x', position: 1, last_position: 1, waiting: 1, reason: 'undecodable' };
  for (const version of [1, 2]) {
    await pool.query(`select zameni.apply_parked('accounts', $1, $2, '[]', '[]')`, [
      version,
      JSON.stringify([park]),
    ]);
  }
  const left = async () => {
    const { rows } = await pool.query<Record<string, number>>(
      `select
         (select count(*)::int from pg_namespace where nspname = 'accounts_v2') as schemas,
         (select count(*)::int from zameni.checkpoints
          where projection = 'accounts' and version = 2) as checkpoints,
         (select count(*)::int from zameni.parked where version = 2) as parked`,
    );
    return rows[0];
  };
  for (const state of ['building', 'differs', 'kept']) {
    await pool.query('update zameni.read_models set state = $1 where version = 2', [state]);
    for (const version of [1, 2, 3]) {
      await pool.query('select zameni.delete_read_models($1)', [version]);
    }
    t.deepEqual(await left(), { schemas: 1, checkpoints: 1, parked: 1 });
    t.deepEqual(await readStates(pool), { 1: 'live', 2: state });
  }
  await pool.query(`update zameni.read_models set state = 'dropped' where version = 2`);
  await pool.query('select zameni.delete_read_models(2)');
  t.deepEqual(await left(), { schemas: 0, checkpoints: 0, parked: 0 });
  t.deepEqual(await readStates(pool), { 1: 'live' });
  const { rowCount } = await pool.query('select from accounts.parked, accounts.users');
  t.is(rowCount, 0);
  t.is((await pool.query('select from accounts.parked')).rowCount, 1);
});

test('attempts and their claims are taken out of both versions', async (t) => {
  const { pool } = await createTestDatabase(t);
  const versions = [await followVersion(pool, 1), await addVersion(pool, 2)];
  const records = [1, 2, 3, 4].map((n) => attempted(n, n));
  const voided = attempted(3, 9, voidedAttempt(3));
  for (const { apply } of versions) await apply(9, ...records, voided);
  const change = (name: string, n: number, before: number) =>
    pool.query(`select zameni.${name}($1, $2, $3)`, [userIdOf(n), claimOf(n), before]);
  await change('remove_attempt', 1, 2);
  // Not before the position, and on another address.
  await change('remove_attempt', 2, 2);
  await pool.query('select zameni.remove_attempt($1, $2, 9)', [userIdOf(2), claimOf(1)]);
  // After the position, but void.
  await change('clear_attempt_claim', 3, 2);
  await change('clear_attempt_claim', 4, 4);
  const row = (n: number, state: string, claim: string | null) => {
    return { id: userIdOf(n), claim, state, user: null };
  };
  for (const { version } of versions) {
    t.deepEqual((await readPeople(pool, version)).attempts, [
      row(2, 'open', claimOf(2)),
      row(3, 'void', null),
      row(4, 'open', claimOf(4)),
    ]);
  }
});
