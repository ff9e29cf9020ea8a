import { randomBytes } from 'node:crypto';
import { type Problem, RegistrationStatsView } from '@zameni/contracts';
import { AppError, createPositions } from '@zameni/runtime';
import test from 'ava';
import { Value } from 'typebox/value';
import type { StatsAnswer, StatsQuery } from '../stores/stats-store.ts';
import { createRouteApp, type TestCallers } from './route-app.fixture.ts';
import { statsRoutes } from './stats-routes.ts';

const positions = createPositions({ current: '1', keys: new Map([['1', randomBytes(32)]]) });
const steps = (accepted: number, registered: number, verified: number) => ({
  accepted,
  registered,
  verified,
});
const counts: StatsAnswer = {
  position: 42,
  end: new Date('2026-11-23T23:00:00Z'),
  buckets: [
    {
      start: new Date('2026-11-21T23:00:00Z'),
      byLocale: { 'sr-Latn-RS': steps(5, 4, 3), de: steps(1, 0, 1) },
    },
    { start: new Date('2026-11-22T23:00:00Z'), byLocale: {} },
  ],
};
const callers: TestCallers = {
  reader: { subject: 'app', scopes: ['stats:read'] },
  other: { subject: 'app', scopes: ['users:read'] },
};
const valid = {
  from: '2026-11-22T10:00:00+01:00',
  to: '2026-11-23T10:00:00.000Z',
  bucket: 'day',
  timeZone: 'Europe/Belgrade',
};

type Asked = {
  readonly caller?: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer?: StatsAnswer | Error;
};

async function get({ caller = 'reader', query = {}, headers = {}, answer = counts }: Asked = {}) {
  const asked: StatsQuery[] = [];
  const app = createRouteApp(callers);
  await app.register(
    statsRoutes({
      positions,
      readStats: async (statsQuery) => {
        asked.push(statsQuery);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    }),
  );
  const given = Object.entries({ ...valid, ...query }).flatMap(
    ([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]),
  );
  const response = await app.inject({
    method: 'GET',
    url: `/v1/stats/registrations?${new URLSearchParams(given).toString()}`,
    headers: { authorization: caller, ...headers },
  });
  return { response, asked };
}

test('answers the counts of each bucket, their sums, position and cache rules', async (t) => {
  const { response, asked } = await get();
  t.is(response.statusCode, 200);
  t.deepEqual(response.json(), {
    from: '2026-11-21T23:00:00.000Z',
    to: '2026-11-23T23:00:00.000Z',
    bucket: 'day',
    timeZone: 'Europe/Belgrade',
    buckets: [
      {
        start: '2026-11-21T23:00:00.000Z',
        ...steps(6, 4, 4),
        byLocale: { 'sr-Latn-RS': steps(5, 4, 3), de: steps(1, 0, 1) },
      },
      { start: '2026-11-22T23:00:00.000Z', ...steps(0, 0, 0), byLocale: {} },
    ],
  });
  t.true(Value.Check(RegistrationStatsView, response.json()));
  t.like(response.headers, {
    position: positions.seal(42),
    'cache-control': 'private, max-age=5',
    vary: 'Authorization, Min-Position',
  });
  t.like(asked[0], {
    from: new Date('2026-11-22T09:00:00Z'),
    to: new Date('2026-11-23T10:00:00Z'),
    bucket: 'day',
    timeZone: 'Europe/Belgrade',
    minPosition: undefined,
    waitMs: 0,
  });
});

test('the time zone is UTC by default', async (t) => {
  const { response, asked } = await get({ query: { timeZone: undefined } });
  t.is(asked[0]?.timeZone, 'UTC');
  t.like(response.json(), { timeZone: 'UTC' });
});

test('passes on the position and the wait, and names the wait it applied', async (t) => {
  const headers = { 'min-position': positions.seal(40), prefer: 'wait=3' };
  const { response, asked } = await get({ headers });
  t.is(response.headers['preference-applied'], 'wait=3');
  t.like(asked[0], { minPosition: 40, waitMs: 3_000 });
});

test('a range of ten thousand buckets is the longest', async (t) => {
  const query = { from: '2026-01-01T00:00:00Z', to: '2026-01-07T22:40:00Z', bucket: 'minute' };
  t.is((await get({ query })).response.statusCode, 200);
  const { response } = await get({ query: { ...query, to: '2026-01-07T22:40:01Z' } });
  t.is(response.statusCode, 422);
  t.like(response.json(), {
    code: 'invalid-request',
    detail: 'The range has more than 10000 buckets of a minute',
    errors: [{ pointer: '/to', code: 'too-many' }],
  });
});

const isFaulty = test.macro<[NonNullable<Asked['query']>, string, string]>({
  title: (what) => `${what ?? ''} is refused`,
  exec: async (t, query, pointer, code) => {
    const { response, asked } = await get({ query });
    t.is(response.statusCode, 422);
    const { errors, code: problem } = response.json<Problem>();
    t.is(problem, 'invalid-request');
    t.deepEqual(errors, [{ pointer, code }]);
    t.deepEqual(asked, []);
  },
});
test('a range without beginning', isFaulty, { from: undefined }, '/from', 'required');
test('a range without end', isFaulty, { to: undefined }, '/to', 'required');
test('a range that ends where it begins', isFaulty, { to: valid.from }, '/to', 'format');
test('a range without bucket', isFaulty, { bucket: undefined }, '/bucket', 'required');
test('a bucket of a week', isFaulty, { bucket: 'week' }, '/bucket', 'format');
test('a date alone', isFaulty, { from: '2026-11-22' }, '/from', 'format');
test('a time without offset', isFaulty, { from: '2026-11-22T10:00:00' }, '/from', 'format');
test('a day that does not exist', isFaulty, { to: '2026-02-30T00:00:00Z' }, '/to', 'format');
test('the time of another century', isFaulty, { from: '1999-12-31T00:00:00Z' }, '/from', 'format');
for (const timeZone of ['', 'CET', '+01:00', 'Europe/Beograd', "'; --", `A/${'a'.repeat(80)}`]) {
  const code = timeZone.length > 64 ? 'too-long' : 'format';
  test(`the time zone ${timeZone || 'without name'}`, isFaulty, { timeZone }, '/timeZone', code);
}

const refuses = test.macro<[Asked, number, string]>({
  title: (what) => `${what ?? ''} is refused`,
  exec: async (t, asked, status, code) => {
    const { response } = await get(asked);
    t.is(response.statusCode, status);
    t.like(response.json(), { code });
  },
});
const away = new AppError('store-unavailable', { retryAfterSeconds: 1 });
const headers = { 'min-position': 'x'.repeat(23) };
test('a request without token', refuses, { caller: '' }, 401, 'unauthorized');
test('a caller without the scope', refuses, { caller: 'other' }, 403, 'forbidden');
test('a position of another origin', refuses, { headers }, 400, 'malformed-header');
const faulty = { query: { bucket: 'week', from: undefined } };
test('a faulty request without token', refuses, { ...faulty, caller: '' }, 401, 'unauthorized');
test('a faulty request of others', refuses, { ...faulty, caller: 'other' }, 403, 'forbidden');
test('an unavailable store', refuses, { answer: away }, 503, 'store-unavailable');
