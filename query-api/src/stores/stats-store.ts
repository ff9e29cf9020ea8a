import { MAX_STATS_LOCALES, type RegistrationSteps, type StatsBucket } from '@zameni/contracts';
import {
  AppError,
  type Clock,
  type Freshness,
  type NoteWait,
  type Queries,
  withDeadline,
  Fault,
} from '@zameni/runtime';
import { whileItAnswers } from './while-it-answers.ts';

/** The counts to read, and how fresh they must be. */
export type StatsQuery = {
  readonly from: Date;
  /** Does not belong to the range. */
  readonly to: Date;
  readonly bucket: StatsBucket;
  readonly timeZone: string;
  /** The answer covers at least this position; undefined accepts any position. */
  readonly minPosition: number | undefined;
  /** Milliseconds to wait for that position. */
  readonly waitMs: number;
  /** Aborts if the reader disconnects. */
  readonly signal: AbortSignal;
  readonly noteWait: NoteWait;
};

/** The counts of each bucket, without gaps, and the position that they cover. */
export type StatsAnswer = {
  readonly position: number;
  /** The end of the last bucket. */
  readonly end: Date;
  readonly buckets: readonly StatsOfBucket[];
};

/** The counts of one bucket by locale. */
export type StatsOfBucket = {
  readonly start: Date;
  readonly byLocale: Readonly<Record<string, RegistrationSteps>>;
};

/**
 * Reads counts of registrations. Throws `invalid-request` for a time zone that the database does
 * not know, `store-unavailable` and `projection-lagging`.
 */
export type ReadStats = (query: StatsQuery) => Promise<StatsAnswer>;

/** A database that counts are read from, and a short question to it, which rejects soon if it is away. */
export type CountedStore = { readonly pool: Queries; readonly ping: () => Promise<unknown> };

/** The databases that counts are read from. */
export type StatsReaderOptions = {
  readonly replica: CountedStore;
  readonly primary: CountedStore;
  readonly freshness: Freshness;
  readonly clock: Clock;
};

/** Milliseconds after which the replica counts as too slow. A long range takes seconds. */
const REPLICA_DEADLINE_MS = 4_000;

/**
 * Reads the replica. If that is behind the position, it waits for it. The primary is asked last:
 * counting a long range costs it much more than any other query. A count may take seconds, but only
 * while its database answers pings.
 */
export function createStatsReader(options: StatsReaderOptions): ReadStats {
  const { replica, primary, freshness, clock } = options;

  const from = ({ pool, ping }: CountedStore, query: StatsQuery) =>
    whileItAnswers(() => selectStats(pool, query), ping, clock);

  /** Undefined if the replica is unavailable. */
  async function fromReplica(query: StatsQuery): Promise<StatsAnswer | undefined> {
    try {
      const late = () => new ReplicaError();
      return await withDeadline(from(replica, query), REPLICA_DEADLINE_MS, late);
    } catch (error) {
      throwIfRefused(error);
      return undefined;
    }
  }

  async function fromPrimary(query: StatsQuery): Promise<StatsAnswer> {
    try {
      return await from(primary, query);
    } catch (cause) {
      throwIfRefused(cause);
      throw new AppError('store-unavailable', { cause, retryAfterSeconds: 1 });
    }
  }

  return async (query) => {
    const { minPosition, waitMs, signal, noteWait } = query;
    const deadlineMs = clock.now() + waitMs;
    const first = await fromReplica(query);
    if (first !== undefined && covers(first, query)) return first;
    if (first !== undefined && minPosition !== undefined && waitMs > 0) {
      const wait = { position: minPosition, deadlineMs, cacheCounts: false, signal, noteWait };
      const reached = await freshness.wait(wait);
      const second = reached === 'late' ? undefined : await fromReplica(query);
      if (second !== undefined && covers(second, query)) return second;
    }
    const last = await fromPrimary(query);
    if (!covers(last, query)) throw new AppError('projection-lagging', { retryAfterSeconds: 1 });
    return last;
  };
}

/** The replica did not answer in time. */
class ReplicaError extends Error {
  override readonly name = 'ReplicaError';
}

function covers({ position }: StatsAnswer, { minPosition }: StatsQuery): boolean {
  return minPosition === undefined || position >= minPosition;
}

/** SQLSTATE of a parameter with a value that Postgres does not know: only the time zone can be it. */
const INVALID_PARAMETER_VALUE = '22023';

function throwIfRefused(error: unknown): void {
  if (!(error instanceof Error && 'code' in error)) return;
  if (error.code !== INVALID_PARAMETER_VALUE) return;
  throw new AppError('invalid-request', { errors: [{ pointer: '/timeZone', code: 'format' }] });
}

type Row = {
  readonly position: string;
  readonly ends_at: Date;
  readonly start: Date;
  readonly by_locale: StatsOfBucket['byLocale'] | null;
};

/**
 * No bucket is shorter than the step with which moments of the range are looked at, so each bucket
 * is found, also on a day with a change of the clock. An hour can last half an hour: the clock of
 * Lord Howe is changed by that.
 */
const STEPS: Readonly<Record<StatsBucket, string>> = {
  minute: '1 minute',
  hour: '30 minutes',
  day: '12 hours',
};

/**
 * A bucket begins where date_trunc says. Where a clock is set back at midnight, a day is named by
 * its second midnight, after its first minutes; therefore minutes are looked up with a margin.
 *
 * Counts and checkpoint come from one statement, so the position is true of the counts. It names the
 * checkpoint first: a switch of versions locks that first, so it comes wholly before or wholly after
 * the statement.
 */
const SELECT_STATS = `
  with live as materialized (
    select position from accounts.checkpoint
  ), sampled as (
    select generate_series($1::timestamptz, $2::timestamptz, $5::interval) as moment
    union all
    select $2::timestamptz - interval '1 microsecond'
  ), buckets as materialized (
    select distinct date_trunc($3, moment, $4) as start
    from sampled
    where moment < $2::timestamptz
  ), range as materialized (
    select
      min(start) - interval '3 hours' as first_minute,
      max(start) + ('1 ' || $3)::interval + interval '3 hours' as last_minute,
      date_trunc($3, max(start) + 1.5 * ('1 ' || $3)::interval, $4) as ends_at
    from buckets
  ), counted as materialized (
    select
      b.start, s.locale, sum(s.accepted) as accepted, sum(s.registered) as registered,
      sum(s.verified) as verified
    from accounts.registration_stats s
    join buckets b on b.start = date_trunc($3, s.minute, $4)
    where s.minute >= (select first_minute from range)
      and s.minute < (select last_minute from range)
    group by b.start, s.locale
  ), named as (
    select locale from counted
    group by locale order by sum(accepted + registered + verified) desc, locale limit $6
  ), merged as (
    select
      c.start, coalesce(n.locale, 'other') as locale, sum(c.accepted) as accepted,
      sum(c.registered) as registered, sum(c.verified) as verified
    from counted c
    left join named n on n.locale = c.locale
    group by c.start, coalesce(n.locale, 'other')
  ), by_start as (
    select
      start,
      jsonb_object_agg(locale, jsonb_build_object(
        'accepted', accepted, 'registered', registered, 'verified', verified
      )) as by_locale
    from merged
    group by start
  )
  select l.position, r.ends_at, b.start, m.by_locale
  from live l
  cross join range r
  cross join buckets b
  left join by_start m on m.start = b.start
  order by b.start`;

async function selectStats(pool: Queries, query: StatsQuery): Promise<StatsAnswer> {
  const { from, to, bucket, timeZone } = query;
  const { rows } = await pool.query<Row>(SELECT_STATS, [
    from.toISOString(),
    to.toISOString(),
    bucket,
    timeZone,
    STEPS[bucket],
    MAX_STATS_LOCALES,
  ]);
  const [row] = rows;
  if (row === undefined) throw new Fault('the projection has no checkpoint');
  const buckets = rows.map(({ start, by_locale: byLocale }) => ({
    start,
    byLocale: byLocale ?? {},
  }));
  return { position: Number(row.position), end: row.ends_at, buckets };
}
