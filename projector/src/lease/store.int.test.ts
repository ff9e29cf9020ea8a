import { delay, type Pool } from '@zameni/runtime';
import { createTestDatabase, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { FIRST_VERSION } from '../accounts.fixture.ts';
import { createPostgresLeaseStore } from './store.ts';
import type { LeaseStore } from './work.ts';

/** Expires before the next statement. */
const NO_LEASE_MS = 0;
const LONG_LEASE_MS = 60_000;

function storeOf(pool: Pool, holder: string, leaseMs: number): LeaseStore {
  return createPostgresLeaseStore(pool, { ...FIRST_VERSION, holder, leaseMs });
}

/** A connection that the test ends, if nobody else does. */
async function connect(t: ExecutionContext, pool: Pool) {
  const client = await pool.connect();
  client.on('error', () => undefined);
  t.teardown(() => client.release(true));
  return client;
}

const LOCK = 'select position from zameni.checkpoints where projection = $1 for update';

test('an expired lease is taken by the second try that finds it', async (t) => {
  const { pool } = await createTestDatabase(t);
  const first = storeOf(pool, 'a', NO_LEASE_MS);
  const second = storeOf(pool, 'b', LONG_LEASE_MS);
  await first.takeLease();
  t.is(await second.takeLease(), undefined);
  t.is(await second.takeLease(), 0);
  t.false(await first.renewLease(0));
});

test('a holder whose renewals come late keeps its lease as long as they come', async (t) => {
  const { pool } = await createTestDatabase(t);
  const first = storeOf(pool, 'a', NO_LEASE_MS);
  const second = storeOf(pool, 'b', LONG_LEASE_MS);
  await first.takeLease();
  for (let n = 0; n < 5; n += 1) {
    t.is(await second.takeLease(), undefined);
    t.true(await first.renewLease(0));
  }
});

test('a lease that ends later than any lease may is expired: another clock gave it', async (t) => {
  const { pool } = await createTestDatabase(t);
  const first = storeOf(pool, 'a', 10 * LONG_LEASE_MS);
  const second = storeOf(pool, 'b', LONG_LEASE_MS);
  await first.takeLease();
  t.is(await second.takeLease(), undefined);
  t.is(await second.takeLease(), 0);
});

test('of many that stand by, one takes an expired lease', async (t) => {
  const { pool } = await createTestDatabase(t);
  await storeOf(pool, 'a', NO_LEASE_MS).takeLease();
  const others = Array.from({ length: 8 }, (_, n) => storeOf(pool, `b${n}`, LONG_LEASE_MS));
  await Promise.all(others.map((other) => other.takeLease()));
  const taken = await Promise.all(others.map((other) => other.takeLease()));
  t.is(taken.filter((position) => position === 0).length, 1);
});

test('a slow statement of the holder is neither waited for nor ended', async (t) => {
  const { pool } = await createTestDatabase(t);
  const first = storeOf(pool, 'a', LONG_LEASE_MS);
  const second = storeOf(pool, 'b', LONG_LEASE_MS);
  await storeOf(pool, 'a', NO_LEASE_MS).takeLease();
  const client = await connect(t, pool);
  await client.query('begin');
  await client.query(LOCK, [FIRST_VERSION.projection]);
  // In one message: between two of them a slow process would seem to be frozen.
  const slow = client.query('select pg_sleep(2); commit');
  // Waits for the statement, and counts from its end.
  const renewed = first.renewLease(0);
  for (let n = 0; n < 5; n += 1) t.is(await second.takeLease(), undefined);
  await t.notThrowsAsync(slow);
  t.true(await renewed);
  t.is(await second.takeLease(), undefined);
  t.is(await second.takeLease(), undefined);
});

/** A process that freezes at some point of a transaction that has locked its lease. */
const freezes = test.macro<[(client: Awaited<ReturnType<typeof connect>>) => void]>({
  title: (what) => `a process that freezes ${what} keeps no lock`,
  exec: async (t, freeze) => {
    const { pool } = await createTestDatabase(t);
    const second = storeOf(pool, 'b', LONG_LEASE_MS);
    await storeOf(pool, 'a', NO_LEASE_MS).takeLease();
    const client = await connect(t, pool);
    await client.query('begin');
    await client.query(LOCK, [FIRST_VERSION.projection]);
    freeze(client);
    await waitUntil(async () => {
      const { rows } = await pool.query<{ isFrozen: boolean }>(
        `select wait_event_type = 'Client' as "isFrozen"
         from pg_stat_activity where datname = current_database() and backend_xid is not null`,
      );
      return rows[0]?.isFrozen === true;
    });
    let tries = 0;
    await waitUntil(async () => {
      tries += 1;
      if ((await second.takeLease()) !== undefined) return true;
      await delay(20, new AbortController().signal);
      return false;
    });
    // Two find the lease expired, the second ends the transaction, and it takes its time to end.
    t.true(tries >= 3, `${tries} tries`);
  },
});
test('between two statements', freezes, () => undefined);
test('while it gets a large answer', freezes, (client) => {
  void client.query(`select repeat('x', 32000000)`).catch(() => undefined);
  // The socket of the driver: what it does not read stays in the buffers.
  (
    client as unknown as { connection: { stream: { pause: () => void } } }
  ).connection.stream.pause();
});
