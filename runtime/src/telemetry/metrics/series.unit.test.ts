import test from 'ava';
import { METRICS } from '../catalogue/metrics.ts';
import { createSeriesTable } from './series.ts';

const { requestDuration, problems } = METRICS.http;
const get = { 'http.request.method': 'GET', 'http.route': '/v1/a' };

test('values with the same attributes are added up, in the buckets of the definition', (t) => {
  const table = createSeriesTable(requestDuration);
  for (const seconds of [0.001, 0.0011, 9, 11]) table.add(seconds, get);
  const [series, ...others] = table.all();
  t.deepEqual(others, []);
  t.like(series, { attributes: get, count: 4, min: 0.001, max: 11 });
  t.is(series?.sum.toFixed(4), '20.0021');
  // A value that is a bound is in its bucket, and the last bucket has none.
  t.deepEqual(series?.buckets, [1, 1, ...Array.from({ length: 13 }, () => 0), 1, 1]);
});

test('each combination of values is a series, whatever the order of its attributes', (t) => {
  const table = createSeriesTable(requestDuration);
  table.add(1, { ...get, 'http.response.status_code': 200 });
  table.add(1, { 'http.response.status_code': 200, ...get });
  table.add(1, { ...get, 'http.response.status_code': 500, 'error.type': 'internal' });
  table.add(1, { ...get, 'http.response.status_code': 500, 'error.type': undefined });
  t.deepEqual(
    table.all().map(({ attributes, count }) => [Object.keys(attributes).length, count]),
    [
      [3, 2],
      [4, 1],
      [3, 1],
    ],
  );
});

test('beyond the bound on series, values are added to one that says so', (t) => {
  const table = createSeriesTable(problems);
  for (let n = 0; n < 2_500; n += 1) table.add(1, { 'http.route': `/${n}` });
  table.add(2, { 'http.route': '/7' });
  t.is(table.all().length, 2_001);
  t.like(table.all().at(-1), { attributes: { 'otel.metric.overflow': true }, sum: 500 });
  t.is(table.all()[7]?.sum, 3);
});
