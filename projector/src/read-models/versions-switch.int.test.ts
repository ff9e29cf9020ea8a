import type { Pool } from '@zameni/runtime';
import { createTestDatabase, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { userIdOf } from '../accounts.fixture.ts';
import {
  addVersion,
  codeOf,
  followVersion,
  readStates,
  registers,
  switchTo,
} from './versions.fixture.ts';

const NOT_IN_STATE = '55000';
const LOCK_NOT_AVAILABLE = '55P03';

/** Two versions with one person each, whose name is that of the version. The second has less. */
async function createSetup(t: ExecutionContext) {
  const { pool } = await createTestDatabase(t);
  const [first, second] = [await followVersion(pool, 1), await addVersion(pool, 2)];
  await first.apply(20, registers(1, 5));
  await second.apply(10, registers(1, 5));
  for (const { version } of [first, second]) {
    const name = `of ${version}`;
    await pool.query(`update accounts_v${version}.users set display_name = $1`, [name]);
    await pool.query(
      `insert into zameni.parked
         (projection, version, subject, position, last_position, waiting, reason)
       values ('accounts', $1, $2, 1, 1, 1, 'undecodable')`,
      [version, name],
    );
  }
  return { pool, first, second };
}

/** What a reader sees: the checkpoint, a row of the live version and a parked subject of it. */
async function readLive(pool: Pool) {
  const { rows } = await pool.query<{ version: number; position: string; texts: string[] }>(
    `select c.version, c.position, array[
       u.display_name, (select subject from accounts.parked),
       (select min(display_name) from accounts.users)
     ] as texts
     from accounts.checkpoint c left join accounts.users u on u.user_id = $1`,
    [userIdOf(1)],
  );
  return rows[0];
}

const seen = (version: number, position: number) => {
  return { version, position: String(position), texts: Array<string>(3).fill(`of ${version}`) };
};

/** Switches as the projector does: until no reader is in the way. */
async function switchSurely(pool: Pool, version: number): Promise<void> {
  await waitUntil(async () => {
    return switchTo(pool, version).catch((error: unknown) => {
      if (codeOf(error) === LOCK_NOT_AVAILABLE) return false;
      throw error;
    });
  });
}

test('a version that is behind is not switched to, and readers notice nothing', async (t) => {
  const { pool } = await createSetup(t);
  t.false(await switchTo(pool, 2));
  t.deepEqual(await readStates(pool), { 1: 'live', 2: 'building' });
  t.deepEqual(await readLive(pool), seen(1, 20));
});

test('a switch waits for a version that is almost there, while the live one stands still', async (t) => {
  const { pool, first, second } = await createSetup(t);
  const isWaiting = async () => {
    const waits = `select from pg_stat_activity
      where datname = current_database() and wait_event = 'PgSleep'`;
    return (await pool.query(waits)).rowCount === 1;
  };
  // It waits for half a second, which a busy machine may miss.
  for (let live = 20; live < 100; live += 10) {
    const switched = switchTo(pool, 2);
    await Promise.race([switched, waitUntil(isWaiting)]);
    const moved = first.apply(live + 10);
    await second.apply(live + 5);
    const isSwitched = await switched;
    if (isSwitched) t.deepEqual(await readLive(pool), seen(2, live + 5));
    await moved;
    if (isSwitched) return;
  }
  t.fail('no switch has waited');
});

test('readers see the rows and checkpoint of the version that is switched to, and back', async (t) => {
  const { pool, first, second } = await createSetup(t);
  await pool.query('create table accounts_v2.more (a int)');
  await second.apply(21);
  t.true(await switchTo(pool, 2));
  t.deepEqual(await readStates(pool), { 1: 'kept', 2: 'live' });
  t.deepEqual(await readLive(pool), seen(2, 21));
  t.is((await pool.query('select from accounts.more')).rowCount, 0);
  t.true(await switchTo(pool, 2), 'again');
  t.false(await switchTo(pool, 1), 'it is behind now');
  await first.apply(21);
  t.true(await switchTo(pool, 1));
  t.deepEqual(await readStates(pool), { 1: 'live', 2: 'kept' });
  t.deepEqual(await readLive(pool), seen(1, 21));
  // A table that this version does not have.
  await t.throwsAsync(pool.query('select from accounts.more'), { code: '42P01' });
});

test('a version that an operator accepts although it differs is switched to', async (t) => {
  const { pool, second } = await createSetup(t);
  await second.apply(20);
  await pool.query(`update zameni.read_models set state = 'differs' where version = 2`);
  t.true(await switchTo(pool, 2));
  t.deepEqual(await readStates(pool), { 1: 'kept', 2: 'live' });
});

test('unknown and dropped versions are not switched to', async (t) => {
  const { pool, second } = await createSetup(t);
  await second.apply(20);
  await pool.query(`update zameni.read_models set state = 'dropped' where version = 2`);
  for (const version of [2, 3]) {
    await t.throwsAsync(switchTo(pool, version), { code: NOT_IN_STATE });
  }
  t.deepEqual(await readStates(pool), { 1: 'live', 2: 'dropped' });
  t.deepEqual(await readLive(pool), seen(1, 20));
});

test('of switches at the same time each is done or fails, and one version is live', async (t) => {
  const { pool, second } = await createSetup(t);
  await second.apply(20);
  for (let round = 0; round < 10; round += 1) {
    const outcomes = await Promise.allSettled([2, 1, 2, 1].map((to) => switchTo(pool, to)));
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') t.true(outcome.value);
      else t.is(codeOf(outcome.reason), LOCK_NOT_AVAILABLE);
    }
    const states = Object.values(await readStates(pool));
    t.deepEqual(states.toSorted(), ['kept', 'live']);
  }
  const twice = `update zameni.read_models set state = 'live'`;
  await t.throwsAsync(pool.query(twice), { code: '23505' });
});

test('readers never fail while versions are switched, and see one version at a time', async (t) => {
  const { pool, second } = await createSetup(t);
  await second.apply(20);
  const SWITCHES = 20;
  const reads = new Map<number, number>();
  const done = new AbortController();
  const read = async () => {
    while (!done.signal.aborted) {
      const found = await readLive(pool);
      const version = found?.version ?? 0;
      t.deepEqual(found, seen(version, 20));
      reads.set(version, (reads.get(version) ?? 0) + 1);
    }
  };
  const count = async () => {
    while (!done.signal.aborted) {
      const { rows } = await pool.query('select count(*)::int from accounts.users');
      t.deepEqual(rows, [{ count: 1 }]);
    }
  };
  const readers = [read(), read(), count()];
  for (let n = 1; n <= SWITCHES; n += 1) {
    const before = reads.get(n % 2 === 0 ? 1 : 2) ?? 0;
    await switchSurely(pool, n % 2 === 0 ? 1 : 2);
    await waitUntil(() => (reads.get(n % 2 === 0 ? 1 : 2) ?? 0) > before + 10);
  }
  done.abort();
  await Promise.all(readers);
  t.log(`reads by version: ${JSON.stringify([...reads])}`);
  t.deepEqual(new Set(reads.keys()), new Set([1, 2]));
});
