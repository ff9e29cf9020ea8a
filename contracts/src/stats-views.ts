import { type Static, Type } from 'typebox';
import { Timestamp } from './identifiers.ts';

/** Most buckets that one answer counts in, give or take the parts at both ends of the range. */
export const MAX_STATS_BUCKETS = 10_000;

/** Most locales that one answer names. The others count as `other`. */
export const MAX_STATS_LOCALES = 50;

/** The lengths of a bucket in milliseconds. A day with a change of the clock is shorter or longer. */
export const STATS_BUCKETS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** The length of a bucket. */
export const StatsBucket = Type.Enum(['minute', 'hour', 'day']);
export type StatsBucket = Static<typeof StatsBucket>;

/** One end of a range, in any offset. The years are bounded because no record is older. */
export const StatsMoment = Type.String({
  pattern:
    '^2\\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,3})?)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$',
  description: 'Moment from the year 2000 on (RFC 3339; the seconds may be left out)',
  examples: ['2026-11-22T00:00:00Z'],
});

/** The name of a time zone. Short names such as `CET` mean different things in different stores. */
export const StatsTimeZone = Type.String({
  maxLength: 64,
  pattern: '^(UTC|[A-Za-z]+(/[A-Za-z0-9_+-]+)+)$',
  description: 'Name of a time zone (IANA) with an area, or `UTC`',
  examples: ['Europe/Belgrade'],
});

const Count = Type.Integer({ minimum: 0 });

const steps = { accepted: Count, registered: Count, verified: Count };

/** How many registrations made each step. */
export const RegistrationSteps = Type.Object(steps, {
  additionalProperties: false,
  title: 'RegistrationSteps',
});
export type RegistrationSteps = Static<typeof RegistrationSteps>;

/**
 * Answer of `GET /v1/stats/registrations`. Each step counts when it was made, so a registration can
 * be in several buckets. `from` and `to` are those of the request, widened to whole buckets.
 */
export const RegistrationStatsView = Type.Object(
  {
    from: Timestamp,
    to: Timestamp,
    bucket: StatsBucket,
    timeZone: StatsTimeZone,
    buckets: Type.Array(
      Type.Object(
        {
          start: Timestamp,
          ...steps,
          byLocale: Type.Record(Type.String(), RegistrationSteps, {
            description: `By language, script and region. The ${MAX_STATS_LOCALES} locales with the most steps in the answer have names, the others are \`other\`; one without steps in the bucket is left out`,
          }),
        },
        { additionalProperties: false },
      ),
      { description: 'In order, without gaps' },
    ),
  },
  { additionalProperties: false, title: 'RegistrationStatsView' },
);
export type RegistrationStatsView = Static<typeof RegistrationStatsView>;
