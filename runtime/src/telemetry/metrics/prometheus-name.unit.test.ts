import test from 'ava';
import { METRICS } from '../catalogue/metrics.ts';
import { toPrometheusName } from './prometheus-name.ts';

test('names metrics as OpenTelemetry maps them to Prometheus', (t) => {
  t.is(toPrometheusName(METRICS.http.requestDuration), 'http_server_request_duration_seconds');
  t.is(toPrometheusName(METRICS.http.problems), 'zameni_http_server_problems_total');
  t.is(toPrometheusName(METRICS.process.cpuTime), 'process_cpu_time_seconds_total');
  t.is(toPrometheusName(METRICS.commit.roomUsed), 'zameni_log_room_used_ratio');
  t.is(toPrometheusName(METRICS.work.leaseActive), 'zameni_lease_active');
});

test('no two metrics share a name', (t) => {
  const names = Object.values(METRICS).flatMap((topic) =>
    Object.values(topic).map(toPrometheusName),
  );
  t.is(new Set(names).size, names.length);
});
