import { subjects } from '@zameni/contracts';
import { type Freshness, type Pool, readLiveCheckpoint, systemClock } from '@zameni/runtime';
import { createTestPool, waitUntil } from '@zameni/runtime/testing';
import test, { type ExecutionContext } from 'ava';
import { createErasureReader } from './erasure-store.ts';
import { createProjectionsReader } from './projections-store.ts';
import { createStatsReader } from './stats-store.ts';
import {
  createTwoVersions,
  MINUTE,
  nameOf,
  PERSON,
  POSITION,
  switchTo,
} from './versions.fixture.ts';
import { createPostgresViewStore } from '../views/store-postgres.ts';
import type { StoredView } from '../views/store.ts';

const late: Freshness = { wait: async () => 'late' };
const { signal } = new AbortController();

function nameIn({ view }: StoredView): unknown {
  return typeof view === 'object' ? JSON.parse(view.body).displayName : view;
}

/** A database that is away, so that no second one hides a failure of the first. */
async function createNoDatabase(): Promise<Pool> {
  const pool = createTestPool({ url: 'postgres://nobody@127.0.0.1:1/none', password: 'x' });
  await pool.end();
  return pool;
}
const away = await createNoDatabase();
const ping = async () => 'pong';

/** How many registrations the range has, and the position of the answer. */
async function readStats(pool: Pool): Promise<{ accepted: number | undefined; position: number }> {
  const { buckets, position } = await createStatsReader({
    replica: { pool: away, ping },
    primary: { pool, ping },
    freshness: late,
    clock: systemClock,
  })({
    from: new Date(MINUTE),
    to: new Date(Date.parse(MINUTE) + 60_000),
    bucket: 'minute',
    timeZone: 'UTC',
    minPosition: undefined,
    waitMs: 0,
    signal,
    noteWait: () => () => undefined,
  });
  return { accepted: buckets[0]?.byLocale['sr']?.accepted, position };
}

/** Checks that every store answers from one version. */
async function answersFrom(t: ExecutionContext, pool: Pool, version: number): Promise<void> {
  const store = createPostgresViewStore(pool);
  const person = await store.read('user', PERSON);
  t.like(person, { modelVersion: version, position: POSITION });
  t.is(nameIn(person), nameOf(version));
  t.like(await store.read('registration', PERSON), { modelVersion: version, position: POSITION });
  t.deepEqual(await readLiveCheckpoint(pool), { version, position: POSITION });
  t.deepEqual(await readStats(pool), { accepted: version, position: POSITION });
  t.like(await createErasureReader({ primary: pool, replica: away })(PERSON), {
    position: POSITION,
  });
}

/** Waits until the replica sees that a version is live. */
async function replays(replica: Pool, version: number): Promise<void> {
  await waitUntil(async () => (await readLiveCheckpoint(replica))?.version === version);
}

test('all stores answer from the live version, on primary and replica', async (t) => {
  const { primary, replica } = await createTwoVersions(t);
  await answersFrom(t, primary, 1);
  await answersFrom(t, replica, 1);
  for (const version of [2, 1, 2]) {
    await switchTo(primary, version);
    await answersFrom(t, primary, version);
    await replays(replica, version);
    await answersFrom(t, replica, version);
  }
});

test('the projections name the state of each version', async (t) => {
  const { primary } = await createTwoVersions(t);
  const head = { readHead: async () => POSITION, pastForMs: () => 0 };
  const statesNow = async () => {
    const { projections } = await createProjectionsReader({ primary, head })();
    return projections.map(({ version, state }) => [version, state]);
  };
  t.deepEqual(await statesNow(), [
    [1, 'live'],
    [2, 'building'],
  ]);
  await switchTo(primary, 2);
  t.deepEqual(await statesNow(), [
    [1, 'kept'],
    [2, 'live'],
  ]);
});

test('an account that is parked in one version only is whole in the other', async (t) => {
  const { primary } = await createTwoVersions(t);
  await primary.query(
    `insert into zameni.parked
       (projection, version, subject, position, last_position, waiting, reason)
     values ('accounts', 1, $1, 15, 15, 1, 'fold-failed')`,
    [subjects.account(PERSON)],
  );
  const store = createPostgresViewStore(primary);
  for (const kind of ['user', 'registration'] as const) {
    const place = { modelVersion: 1, position: 14, parkedAt: 15 };
    t.like(await store.read(kind, PERSON), place);
  }
  await switchTo(primary, 2);
  for (const kind of ['user', 'registration'] as const) {
    const { view: _, ...place } = await store.read(kind, PERSON);
    t.deepEqual(place, { modelVersion: 2, position: POSITION });
  }
});

test('no read fails while versions are switched, and each sees one version', async (t) => {
  const { primary, replica } = await createTwoVersions(t);
  const SWITCHES = 20;
  const done = new AbortController();
  /** Reads of each database by version. */
  const reads = { primary: [0, 0, 0], replica: [0, 0, 0] };

  const failures: unknown[] = [];
  async function forEver(tolerated: readonly unknown[], work: () => Promise<void>): Promise<void> {
    const tolerate = (error: unknown) => {
      if (!(error instanceof Error && 'code' in error && tolerated.includes(error.code)))
        throw error;
    };
    try {
      while (!done.signal.aborted) await work().catch(tolerate);
    } catch (error) {
      failures.push(error);
      done.abort();
    }
  }
  function readersOf(name: 'primary' | 'replica', pool: Pool): Promise<void>[] {
    const store = createPostgresViewStore(pool);
    const erasures = createErasureReader({ primary: pool, replica: away });
    // A busy replica ends a session that is in the way of the records it replays, whatever they are.
    // Then readers ask the primary.
    const tolerated = name === 'replica' ? ['40001', 'store-unavailable'] : [];
    return [
      forEver(tolerated, async () => {
        const person = await store.read('user', PERSON);
        t.is(nameIn(person), nameOf(person.modelVersion));
        t.is(person.position, POSITION);
        const counts = reads[name];
        counts[person.modelVersion] = (counts[person.modelVersion] ?? 0) + 1;
      }),
      forEver(tolerated, async () => {
        t.like(await store.read('registration', PERSON), { view: { body: 'registered' } });
        t.is(await store.readPosition(), POSITION);
      }),
      forEver(tolerated, async () => {
        const { accepted, position } = await readStats(pool);
        t.true(accepted === 1 || accepted === 2);
        t.is(position, POSITION);
        t.is((await erasures(PERSON)).position, POSITION);
      }),
    ];
  }

  const readers = [...readersOf('primary', primary), ...readersOf('replica', replica)];
  for (let n = 1; n <= SWITCHES && !done.signal.aborted; n += 1) {
    const version = n % 2 === 0 ? 1 : 2;
    await switchTo(primary, version);
    const before = [reads.primary[version] ?? 0, reads.replica[version] ?? 0] as const;
    await waitUntil(() => {
      const now = [reads.primary[version] ?? 0, reads.replica[version] ?? 0] as const;
      return done.signal.aborted || (now[0] > before[0] + 5 && now[1] > before[1] + 5);
    });
  }
  done.abort();
  await Promise.all(readers);
  t.deepEqual(failures, []);
  t.log(`reads by version: ${JSON.stringify(reads)}`);
});
