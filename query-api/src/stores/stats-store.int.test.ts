import { MAX_STATS_LOCALES, type RegistrationSteps } from '@zameni/contracts';
import { type Freshness, type Pool, systemClock } from '@zameni/runtime';
import { createEmptyTestDatabase, createTestDatabase } from '@zameni/runtime/testing';
import test from 'ava';
import { createStatsReader, type StatsOfBucket, type StatsQuery } from './stats-store.ts';

const { signal } = new AbortController();
const ping = async () => 'pong';
const late: Freshness = { wait: async () => 'late' };

/** Adds counts as the projector does. */
async function count(
  pool: Pool,
  minute: string,
  locale: string,
  steps: Partial<RegistrationSteps>,
) {
  const row = { minute, locale, accepted: 0, registered: 0, verified: 0, ...steps };
  await pool.query('select accounts_v1.apply_registration_counts($1)', [JSON.stringify([row])]);
}

async function moveTo(pool: Pool, position: number): Promise<void> {
  await pool.query(
    `update zameni.checkpoints set position = $1 where projection = 'accounts' and version = 1`,
    [position],
  );
}

type Range = Pick<StatsQuery, 'bucket' | 'timeZone'> & {
  readonly from: string;
  readonly to: string;
  readonly minPosition?: number;
  readonly waitMs?: number;
};

function queryOf({ from, to, bucket, timeZone, minPosition, waitMs = 0 }: Range): StatsQuery {
  const range = { from: new Date(from), to: new Date(to), bucket, timeZone };
  return { ...range, minPosition, waitMs, signal, noteWait: () => () => undefined };
}

type Stores = { readonly replica: Pool; readonly primary: Pool; readonly freshness?: Freshness };

function read({ replica, primary, freshness = late }: Stores, range: Range) {
  const readStats = createStatsReader({
    replica: { pool: replica, ping },
    primary: { pool: primary, ping },
    freshness,
    clock: systemClock,
  });
  return readStats(queryOf(range));
}

const day = {
  from: '2026-03-10T00:00:00Z',
  to: '2026-03-11T00:00:00Z',
  bucket: 'hour',
  timeZone: 'UTC',
} as const;

/** The accepted registrations of each bucket that has some, by its start. */
function acceptedIn(buckets: readonly StatsOfBucket[]): [string, number][] {
  return buckets.flatMap(({ start, byLocale }): [string, number][] => {
    const sum = Object.values(byLocale).reduce((total, { accepted }) => total + accepted, 0);
    return sum === 0 ? [] : [[start.toISOString(), sum]];
  });
}

test('counts by bucket and locale, without gaps, with the position', async (t) => {
  const { pool } = await createTestDatabase(t);
  await count(pool, '2026-03-10T05:06:00Z', 'sr', { accepted: 2, registered: 1 });
  await count(pool, '2026-03-10T05:06:00Z', 'sr', { accepted: 1, verified: 1 });
  await count(pool, '2026-03-10T05:59:00Z', 'sr', { accepted: 1 });
  await count(pool, '2026-03-10T05:59:00Z', 'de', { registered: 4 });
  await count(pool, '2026-03-10T06:00:00Z', 'de', { accepted: 7 });
  await count(pool, '2026-03-11T00:00:00Z', 'de', { accepted: 100 });
  await count(pool, '2026-03-09T23:59:00Z', 'de', { accepted: 100 });
  await moveTo(pool, 42);
  const { position, end, buckets } = await read({ replica: pool, primary: pool }, day);
  t.is(position, 42);
  t.is(end.toISOString(), '2026-03-11T00:00:00.000Z');
  t.is(buckets.length, 24);
  t.deepEqual(
    buckets.filter(({ byLocale }) => Object.keys(byLocale).length > 0),
    [
      {
        start: new Date('2026-03-10T05:00:00Z'),
        byLocale: {
          sr: { accepted: 4, registered: 1, verified: 1 },
          de: { accepted: 0, registered: 4, verified: 0 },
        },
      },
      {
        start: new Date('2026-03-10T06:00:00Z'),
        byLocale: { de: { accepted: 7, registered: 0, verified: 0 } },
      },
    ],
  );
});

test('widens the range to whole buckets', async (t) => {
  const { pool } = await createTestDatabase(t);
  for (const minute of ['09', '10', '29', '30']) {
    await count(pool, `2026-03-10T05:${minute}:00Z`, 'sr', { accepted: 1 });
  }
  const range = {
    from: '2026-03-10T05:10:30.500Z',
    to: '2026-03-10T05:29:00.001Z',
    timeZone: 'UTC',
  };
  const stores = { replica: pool, primary: pool };
  const minutes = await read(stores, { ...range, bucket: 'minute' });
  t.is(minutes.buckets.length, 20);
  t.is(minutes.end.toISOString(), '2026-03-10T05:30:00.000Z');
  t.deepEqual(acceptedIn(minutes.buckets), [
    ['2026-03-10T05:10:00.000Z', 1],
    ['2026-03-10T05:29:00.000Z', 1],
  ]);
  const hours = await read(stores, { ...range, bucket: 'hour' });
  t.deepEqual(acceptedIn(hours.buckets), [['2026-03-10T05:00:00.000Z', 4]]);
});

type Change = {
  readonly timeZone: string;
  readonly bucket: 'hour' | 'day';
  readonly from: string;
  readonly to: string;
  /** The expected starts, and where the last bucket ends. */
  readonly starts: readonly string[];
  readonly end: string;
};

const countsEachMinuteOnce = test.macro<[Change]>({
  title: (what) => `counts each minute once ${what ?? ''}`,
  exec: async (t, { starts, end, ...range }) => {
    const { pool } = await createTestDatabase(t);
    await pool.query(
      `insert into accounts_v1.registration_stats
       select minute, 'sr', 1, 0, 0
       from generate_series($1::timestamptz, $2::timestamptz - interval '1 minute', '1 minute')
         as minute`,
      [range.from, range.to],
    );
    const answer = await read({ replica: pool, primary: pool }, range);
    t.deepEqual(
      answer.buckets.map(({ start }) => start.toISOString().replace(':00.000Z', 'Z')),
      [...starts],
    );
    t.is(answer.end.toISOString().replace(':00.000Z', 'Z'), end);
    const minutes = (Date.parse(range.to) - Date.parse(range.from)) / 60_000;
    const sum = acceptedIn(answer.buckets).reduce((total, [, accepted]) => total + accepted, 0);
    t.is(sum, minutes);
  },
});
test('on the short day in spring', countsEachMinuteOnce, {
  timeZone: 'Europe/Belgrade',
  bucket: 'day',
  from: '2026-03-27T23:00:00Z',
  to: '2026-03-30T22:00:00Z',
  starts: ['2026-03-27T23:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z'],
  end: '2026-03-30T22:00Z',
});
test('in the hour that comes twice in autumn', countsEachMinuteOnce, {
  timeZone: 'Europe/Belgrade',
  bucket: 'hour',
  from: '2026-10-24T23:00:00Z',
  to: '2026-10-25T03:00:00Z',
  starts: ['2026-10-24T23:00Z', '2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
  end: '2026-10-25T03:00Z',
});
test('where hours do not begin with those of UTC', countsEachMinuteOnce, {
  timeZone: 'Asia/Kathmandu',
  bucket: 'hour',
  from: '2026-03-10T05:15:00Z',
  to: '2026-03-10T07:15:00Z',
  starts: ['2026-03-10T05:15Z', '2026-03-10T06:15Z'],
  end: '2026-03-10T07:15Z',
});
// Postgres names the day by its second midnight.
test('on a day whose midnight comes twice', countsEachMinuteOnce, {
  timeZone: 'America/Havana',
  bucket: 'day',
  from: '2026-11-01T04:00:00Z',
  to: '2026-11-03T05:00:00Z',
  starts: ['2026-11-01T05:00Z', '2026-11-02T05:00Z'],
  end: '2026-11-03T05:00Z',
});
test('on a day without midnight', countsEachMinuteOnce, {
  timeZone: 'America/Santiago',
  bucket: 'day',
  from: '2026-09-05T04:00:00Z',
  to: '2026-09-07T03:00:00Z',
  starts: ['2026-09-05T04:00Z', '2026-09-06T04:00Z'],
  end: '2026-09-07T03:00Z',
});
test('where a calendar left out a day', countsEachMinuteOnce, {
  timeZone: 'Pacific/Apia',
  bucket: 'day',
  from: '2011-12-29T10:00:00Z',
  to: '2011-12-31T10:00:00Z',
  starts: ['2011-12-29T10:00Z', '2011-12-30T10:00Z'],
  end: '2011-12-31T10:00Z',
});

test('ten thousand buckets are one answer', async (t) => {
  const { pool } = await createTestDatabase(t);
  const range = { from: '2000-01-01T00:00:00Z', to: '2027-05-19T00:00:00Z', timeZone: 'UTC' };
  const { buckets } = await read({ replica: pool, primary: pool }, { ...range, bucket: 'day' });
  t.is(buckets.length, 10_000);
  t.is(new Set(buckets.map(({ start }) => start.getTime() % 86_400_000)).size, 1);
});

test('the most frequent locales have names, the others count as other', async (t) => {
  const { pool } = await createTestDatabase(t);
  const locales = Array.from({ length: MAX_STATS_LOCALES + 3 }, (_, n) => `en-${100 + n}`);
  for (const [n, locale] of locales.entries()) {
    await count(pool, '2026-03-10T05:06:00Z', locale, { accepted: locales.length - n });
  }
  const { buckets } = await read({ replica: pool, primary: pool }, { ...day, bucket: 'day' });
  const { other, ...named } = buckets[0]?.byLocale ?? {};
  t.deepEqual(new Set(Object.keys(named)), new Set(locales.slice(0, MAX_STATS_LOCALES)));
  t.is(other?.accepted, 3 + 2 + 1);
});

test('a time zone that the database does not know is refused', async (t) => {
  const { pool } = await createTestDatabase(t);
  const asked = read({ replica: pool, primary: pool }, { ...day, timeZone: 'Europe/Nowhere' });
  await t.throwsAsync(asked, { code: 'invalid-request' });
});

test('a replica that is behind or away is replaced by the primary', async (t) => {
  const { pool: replica } = await createTestDatabase(t);
  const { pool: primary } = await createTestDatabase(t);
  const { pool: away } = await createEmptyTestDatabase(t);
  await moveTo(replica, 7);
  await moveTo(primary, 9);
  const positionOf = async (stores: Stores, minPosition?: number) =>
    (await read(stores, { ...day, ...(minPosition === undefined ? {} : { minPosition }) }))
      .position;
  t.is(await positionOf({ replica, primary }), 7);
  t.is(await positionOf({ replica, primary }, 7), 7);
  t.is(await positionOf({ replica, primary }, 8), 9);
  t.is(await positionOf({ replica: away, primary }), 9);
  await t.throwsAsync(positionOf({ replica, primary }, 10), { code: 'projection-lagging' });
  await t.throwsAsync(positionOf({ replica: away, primary: away }), { code: 'store-unavailable' });
});

test('waits for the replica to reach the position', async (t) => {
  const { pool: replica } = await createTestDatabase(t);
  const { pool: away } = await createEmptyTestDatabase(t);
  const freshness: Freshness = {
    wait: async ({ position, cacheCounts }) => {
      t.false(cacheCounts);
      await moveTo(replica, position);
      return 'replica';
    },
  };
  const stores = { replica, primary: away, freshness };
  const { position } = await read(stores, { ...day, minPosition: 5, waitMs: 1_000 });
  t.is(position, 5);
});
