import { METRICS, toPrometheusName } from '@zameni/runtime/instruments';
import test from 'ava';
import { queries } from '../grafana/queries.ts';
import { ALERTS } from './all-alerts.ts';
import { budgetRules } from './burn-rate.ts';
import { NODE_SERIES, ofServer, SERVER_SERIES } from './server-series.ts';

/** Names that series of others may have too. */
const SHARED = [
  ...Object.values(METRICS)
    .flatMap((topic) => Object.values(topic))
    .map(toPrometheusName)
    .filter((name) => !name.startsWith('zameni_')),
  ...Object.values(SERVER_SERIES),
  ...Object.values(NODE_SERIES),
];

/** The names in an expression that are asked of any job. */
function findUnscoped(expr: string): string[] {
  const selectors = expr.matchAll(/(?<![\w:])([a-z]\w*?)(?:_bucket|_count|_sum)?\b(\{[^}]*\})?/g);
  return [...selectors].flatMap(([, name = '', labels = '']) =>
    SHARED.includes(name) && !/[{,]job=/.test(labels) ? name : [],
  );
}

test('finds a series that is asked of any job', (t) => {
  t.deepEqual(findUnscoped('max by (job) (up) < 1'), ['up']);
  t.deepEqual(findUnscoped('rate(http_server_request_duration_seconds_count{le="1"}[5m])'), [
    'http_server_request_duration_seconds',
  ]);
  t.deepEqual(findUnscoped('up{job="postgres"} + pg_up{a="1",job=~"x"}'), []);
});

test('rules and dashboards see no series of others in the same Prometheus', (t) => {
  const all = [
    ...ALERTS.map(({ name, expr }) => ({ name, expr: expr((seconds) => seconds) })),
    ...budgetRules().map(({ record, expr }) => ({ name: record, expr })),
    ...queries(),
  ];
  for (const { name, expr } of all) t.deepEqual(findUnscoped(expr), [], name);
});

test('every series of a server has jobs', (t) => {
  for (const name of [...Object.values(SERVER_SERIES), ...Object.values(NODE_SERIES)]) {
    t.regex(ofServer(name), /^\w+\{job=~?"[^"]+"\}$/);
  }
  t.throws(() => ofServer('foreign_up'), { message: /nobody knows which job/ });
});
