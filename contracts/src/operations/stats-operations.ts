import { Type } from 'typebox';
import {
  MAX_STATS_BUCKETS,
  RegistrationStatsView,
  StatsBucket,
  StatsMoment,
  StatsTimeZone,
} from '../stats-views.ts';
import { freshnessHeaders, type Operation, problemsOfQueries, readHeaders } from './operation.ts';

const { Position, 'Preference-Applied': applied } = readHeaders;

/** The operations that count. Their answers name nobody. */
export const STATS_OPERATIONS = {
  readRegistrationStats: {
    id: 'readRegistrationStats',
    service: 'query-api',
    method: 'get',
    path: '/v1/stats/registrations',
    summary: 'Count registrations',
    description: `For scope \`stats:read\`: how many registrations made each step, in buckets of time.

\`accepted\`: the registration is in the log. A public one counts as its attempt, a vouched one as its account. \`registered\`: the account exists. \`verified\`: a mailbox of the account was proven for the first time. Each step counts once, when it was made: an erasure changes no count. A person who registers twice counts as accepted twice. An attempt that confirms another account counts as accepted, and as nothing else.

Buckets are whole: the first one holds \`from\`, the last one ends at \`to\` or later. Hours and days are those of \`timeZone\`. The range may be ${MAX_STATS_BUCKETS} times as long as a bucket.`,
    token: 'needed',
    scopes: ['stats:read'],
    params: {},
    query: {
      from: { description: 'Beginning of the range', schema: StatsMoment, required: true },
      to: {
        description: 'End of the range, which does not belong to it',
        schema: StatsMoment,
        required: true,
      },
      bucket: { description: 'Length of a bucket', schema: StatsBucket, required: true },
      timeZone: {
        description: 'Where hours and days begin; default `UTC`',
        schema: StatsTimeZone,
      },
    },
    headers: freshnessHeaders,
    answers: {
      200: {
        description: 'The counts',
        body: RegistrationStatsView,
        headers: {
          Position,
          'Preference-Applied': applied,
          'Cache-Control': {
            description: 'A private cache may use the answer for a few seconds',
            schema: Type.Literal('private, max-age=5'),
            required: true,
          },
          Vary: {
            description: 'The answer depends on the caller, and on how fresh it must be',
            schema: Type.Literal('Authorization, Min-Position'),
            required: true,
          },
        },
      },
    },
    problems: [
      ...problemsOfQueries,
      'malformed-header',
      'forbidden',
      'invalid-request',
      'position-unknown',
      'projection-lagging',
      'store-unavailable',
    ],
  },
} as const satisfies Readonly<Record<string, Operation>>;
