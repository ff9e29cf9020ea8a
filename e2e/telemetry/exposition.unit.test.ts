import test from 'ava';
import { parseExposition } from './exposition.ts';

const text = `# HELP http_server_request_duration_seconds Time
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{http_route="/v1/users/{id}",le="+Inf"} 12
http_server_request_duration_seconds_sum{http_route="a \\"b\\" \\\\ \\n"} 0.25 1790000000000
process_uptime_seconds 1e3

zameni_projection_lag_seconds NaN
a_gauge +Inf
`;

test('reads series, labels and values', (t) => {
  t.deepEqual(parseExposition(text), [
    {
      name: 'http_server_request_duration_seconds_bucket',
      labels: { http_route: '/v1/users/{id}', le: '+Inf' },
      value: 12,
    },
    {
      name: 'http_server_request_duration_seconds_sum',
      labels: { http_route: 'a "b" \\ \n' },
      value: 0.25,
    },
    { name: 'process_uptime_seconds', labels: {}, value: 1_000 },
    { name: 'zameni_projection_lag_seconds', labels: {}, value: Number.NaN },
    { name: 'a_gauge', labels: {}, value: Number.POSITIVE_INFINITY },
  ]);
});

test('throws for a line that is no series', (t) => {
  t.throws(() => parseExposition('<html>'));
});
