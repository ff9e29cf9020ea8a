import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  type FieldError,
  MAX_STATS_BUCKETS,
  OPERATIONS,
  type RegistrationStatsView,
  type RegistrationSteps,
  STATS_BUCKETS,
  type StatsBucket,
} from '@zameni/contracts';
import {
  AppError,
  callerOf,
  noteWaits,
  type Positions,
  requireScope,
  toRoute,
} from '@zameni/runtime';
import type { ReadStats, StatsOfBucket } from '../stores/stats-store.ts';
import { parseReadDemand } from './read-with-headers.ts';

/** What the route needs. */
export type StatsRoutesDeps = {
  readonly positions: Positions;
  readonly readStats: ReadStats;
};

/** `GET /v1/stats/registrations`: for callers with scope `stats:read`. It names nobody. */
export function statsRoutes(deps: StatsRoutesDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      ...toRoute(OPERATIONS.readRegistrationStats),
      // Before the parameters are checked, as on every route: first who asks, then what.
      preValidation: async (request) => {
        requireScope(callerOf(request), 'stats:read');
        parseReadDemand(request.headers, deps.positions);
      },
      handler: async (request, reply): Promise<RegistrationStatsView> => {
        const range = parseRange(request.query);
        const { minPosition, waitSeconds } = parseReadDemand(request.headers, deps.positions);
        if (waitSeconds !== undefined) reply.header('Preference-Applied', `wait=${waitSeconds}`);
        const waitMs = (waitSeconds ?? 0) * 1_000;
        const { signal } = request;
        const noteWait = noteWaits(request);
        const answer = await deps.readStats({ ...range, minPosition, waitMs, signal, noteWait });
        reply
          .header('Position', deps.positions.seal(answer.position))
          .header('Cache-Control', 'private, max-age=5')
          .header('Vary', 'Authorization, Min-Position');
        const { bucket, timeZone } = range;
        const first = answer.buckets[0]?.start ?? range.from;
        return {
          from: first.toISOString(),
          to: answer.end.toISOString(),
          bucket,
          timeZone,
          buckets: answer.buckets.map(toBucketView),
        };
      },
    });
  };
}

function toBucketView({
  start,
  byLocale,
}: StatsOfBucket): RegistrationStatsView['buckets'][number] {
  const sum = Object.values(byLocale).reduce<RegistrationSteps>(
    (before, { accepted, registered, verified }) => ({
      accepted: before.accepted + accepted,
      registered: before.registered + registered,
      verified: before.verified + verified,
    }),
    { accepted: 0, registered: 0, verified: 0 },
  );
  return { start: start.toISOString(), ...sum, byLocale: { ...byLocale } };
}

type Query = {
  readonly from: string;
  readonly to: string;
  readonly bucket: StatsBucket;
  readonly timeZone?: string;
};
type Range = {
  readonly from: Date;
  readonly to: Date;
  readonly bucket: StatsBucket;
  readonly timeZone: string;
};

/** Checks the rules that no schema expresses. Throws `invalid-request` with every fault. */
function parseRange({ from, to, bucket, timeZone = 'UTC' }: Query): Range {
  const range = { from: new Date(from), to: new Date(to), bucket, timeZone };
  const errors: FieldError[] = [];
  if (!isDay(from)) errors.push({ pointer: '/from', code: 'format' });
  if (!isDay(to)) errors.push({ pointer: '/to', code: 'format' });
  if (!isTimeZone(timeZone)) errors.push({ pointer: '/timeZone', code: 'format' });
  if (errors.length > 0) throw new AppError('invalid-request', { errors });
  const lengthMs = range.to.getTime() - range.from.getTime();
  if (lengthMs <= 0) {
    const detail = '`to` must be later than `from`';
    throw new AppError('invalid-request', { detail, errors: [{ pointer: '/to', code: 'format' }] });
  }
  if (lengthMs > MAX_STATS_BUCKETS * STATS_BUCKETS[bucket]) {
    const detail = `The range has more than ${MAX_STATS_BUCKETS} buckets of a ${bucket}`;
    const place = { pointer: '/to', code: 'too-many' } as const;
    throw new AppError('invalid-request', { detail, errors: [place] });
  }
  return range;
}

/** Whether the date exists: `Date` reads February 30 as March 2. */
function isDay(moment: string): boolean {
  const day = moment.slice(0, 'YYYY-MM-DD'.length);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

function isTimeZone(timeZone: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    // The error says only that the name is unknown.
    return false;
  }
}
