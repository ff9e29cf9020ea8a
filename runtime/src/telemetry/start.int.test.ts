import test from 'ava';
import { EXIT_CONFIG } from '../process/lifecycle.ts';
import { waitUntil } from '../testing/wait.ts';
import { startCollector } from './collector.fixture.ts';
import { LIBRARY_METRICS } from './catalogue/metrics/library.ts';
import { METRICS } from './catalogue/metrics.ts';
import { toPrometheusName } from './metrics/prometheus-name.ts';
import { startObserved } from './service.fixture.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SAMPLED = `00-${TRACE}-b7ad6b7169203331-01`;
const NOT_SAMPLED = `00-${TRACE}-b7ad6b7169203331-00`;

test('metrics are on by default, with the names of the catalogue, and no trace is', async (t) => {
  const service = await startObserved(t, {});
  t.is((await service.register(SAMPLED)).status, 202);
  t.is((await fetch(`${service.url}/v1/broken`)).status, 500);
  t.is((await fetch(`${service.url}/v1/nothing/of/this`)).status, 404);
  const text = String(await service.metrics());
  const count = (labels: string) =>
    text.includes(`http_server_request_duration_seconds_count{${labels}} 1\n`);
  const post = 'http_request_method="POST",http_route="/v1/registrations/{id}"';
  t.true(count(`${post},http_response_status_code="202"`));
  const get = 'http_request_method="GET"';
  const broken = `http_route="/v1/broken",http_response_status_code="500",error_type="internal"`;
  t.true(count(`${get},${broken}`));
  t.true(count(`${get},http_route="unknown",http_response_status_code="404"`));
  t.regex(text, /zameni_http_server_problems_total\{.*zameni_problem_code="internal"\} 1/);
  t.regex(text, /^http_server_active_requests 0$/m);
  for (const name of ['process_cpu_time_seconds_total', 'nodejs_eventloop_utilization_ratio']) {
    t.regex(text, new RegExp(`^${name} [\\d.]+`, 'm'));
  }
  t.false(text.includes('/metrics'));
  t.false(text.includes('vera'));
});

test('a trace covers request, log and reader, and carries nothing of the request', async (t) => {
  const collector = await startCollector(t);
  const service = await startObserved(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRICS_EXPORTER: 'none',
  });
  t.is((await service.register(SAMPLED)).status, 202);
  const broken = await fetch(`${service.url}/v1/broken?a=secret`, {
    headers: {
      traceparent: SAMPLED,
      tracestate: 'vendor=secret',
      baggage: 'email=secret',
      'user-agent': 'secret',
      'x-forwarded-for': 'secret',
    },
  });
  t.is(Object(await broken.json()).traceId, TRACE);
  t.is(await service.metrics(), 404);
  t.is((await service.end()).code, 0);
  const sent = collector.received.join('');
  const spans = ['POST /v1/registrations/{id}', 'GET /v1/broken', 'publish', 'process ACCOUNTS'];
  for (const text of [...spans, 'fixture-1', 'internal']) t.true(sent.includes(text), text);
  const ids = sent.split(Buffer.from(TRACE, 'hex').toString('latin1')).length - 1;
  t.is(ids, spans.length);
  for (const text of ['vera', 'secret', '11111111', '127.0.0.1', 'node']) {
    // The SDK names its language, which is the only "node".
    const known = sent.replaceAll('nodejs', '');
    t.false(known.includes(text), text);
  }
});

test('a trace that its caller does not sample is not sent, and its id is in problems', async (t) => {
  const collector = await startCollector(t);
  const service = await startObserved(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER_ARG: '1',
  });
  const headers = { traceparent: NOT_SAMPLED };
  const broken = await fetch(`${service.url}/v1/broken`, { headers });
  t.is(Object(await broken.json()).traceId, TRACE);
  await service.end();
  t.deepEqual(collector.received, []);
});

test('a process exposes what the catalogue names, and nothing else', async (t) => {
  const collector = await startCollector(t);
  const service = await startObserved(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await service.register(SAMPLED);
  await waitUntil(() => collector.received.length > 0);
  const ours = Object.values(METRICS).flatMap((topic) => Object.values(topic));
  const known = new Set(ours.map(toPrometheusName));
  // Delays are missing right after a read, and collections until there was one.
  const exposed = new Set<string>();
  await waitUntil(async () => {
    const types = String(await service.metrics()).matchAll(/^# TYPE (\w+) /gm);
    for (const [, name = ''] of types) exposed.add(name);
    return (
      exposed.has('v8js_gc_duration_seconds') && exposed.has('nodejs_eventloop_delay_min_seconds')
    );
  });
  const libraries = LIBRARY_METRICS.map(({ name, unit, kind }) =>
    toPrometheusName({ name, unit, kind: kind === 'gauge' ? 'observed-gauge' : kind }),
  );
  const others = [...exposed].filter((name) => !known.has(name));
  t.deepEqual(others.toSorted(), libraries.toSorted());
});

test('OTEL_SDK_DISABLED turns all of it off', async (t) => {
  const collector = await startCollector(t);
  const service = await startObserved(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_SDK_DISABLED: 'true',
  });
  t.is((await service.register(SAMPLED)).status, 202);
  const broken = await fetch(`${service.url}/v1/broken`, { headers: { traceparent: SAMPLED } });
  t.regex(Object(await broken.json()).traceId, /^[0-9a-f]{32}$/);
  t.is(await service.metrics(), 404);
  await service.end();
  t.is(collector.requests(), 0);
});

test('metrics go to the collector too if OTEL_METRICS_EXPORTER says so', async (t) => {
  const collector = await startCollector(t);
  const service = await startObserved(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    OTEL_METRICS_EXPORTER: 'prometheus,otlp',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=st%20aging',
  });
  await service.register();
  t.is(typeof (await service.metrics()), 'string');
  await service.end();
  t.true(collector.received.join('').includes('http.server.request.duration'));
  t.true(collector.received.join('').includes('st aging'));
});

test('faults of telemetry and of the service are listed together, without their values', async (t) => {
  const service = await startObserved(t, {
    ZAMENI_INSTANCE: '',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://secret:port',
    OTEL_TRACES_SAMPLER_ARG: '2',
    OTEL_METRICS_EXPORTER: 'secret',
    OTEL_METRIC_EXPORT_INTERVAL: '99999999999',
  });
  const { code, faults } = await service.end();
  t.is(code, EXIT_CONFIG);
  t.regex(faults, /5 fault\(s\)/);
  t.regex(faults, /ZAMENI_INSTANCE is missing/);
  t.regex(faults, /OTEL_TRACES_SAMPLER_ARG is not valid: .*for example 0\.01/);
  t.false(faults.includes('secret'));
});
