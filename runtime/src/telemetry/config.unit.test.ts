import test from 'ava';
import { Type } from 'typebox';
import { ConfigError, loadConfig } from '../process/config.ts';
import { telemetryVariables, toTelemetrySettings } from './config.ts';

const schema = Type.Object(telemetryVariables);
const settingsOf = (environment: Record<string, string>) =>
  toTelemetrySettings(loadConfig(schema, environment));

test('without variables there are metrics for Prometheus and nothing is sent', (t) => {
  t.deepEqual(settingsOf({}), { prometheus: true, otlp: undefined, resource: {} });
});

test('an endpoint turns traces on, one in a hundred', (t) => {
  const otlp = settingsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' })?.otlp;
  t.deepEqual(otlp, {
    endpoint: 'http://collector:4318',
    headers: {},
    timeoutMs: 5_000,
    metricsEveryMs: undefined,
    traceRatio: 0.01,
  });
});

test('metrics alone can be sent', (t) => {
  const settings = settingsOf({
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%3Db,other=%',
  });
  t.false(settings?.prometheus);
  t.like(settings?.otlp, { metricsEveryMs: 60_000, traceRatio: undefined });
  t.deepEqual(settings?.otlp?.headers, { 'api-key': 'a=b', other: '%' });
});

test('all of it can be off', (t) => {
  t.is(settingsOf({ OTEL_SDK_DISABLED: 'true' }), undefined);
  t.is(settingsOf({ OTEL_METRICS_EXPORTER: 'none' }), undefined);
});

test('a ratio may have a fraction', (t) => {
  const otlp = settingsOf({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
  })?.otlp;
  t.is(otlp?.traceRatio, 0.25);
});

const refuses = test.macro((t, name: string, value: string) => {
  const error = t.throws(() => settingsOf({ [name]: value }), { instanceOf: ConfigError });
  t.is(error?.faults.length, 1);
  t.true(error?.message.includes(`${name} is not valid`));
});

test('a ratio over 1', refuses, 'OTEL_TRACES_SAMPLER_ARG', '1.5');
test('another sampler', refuses, 'OTEL_TRACES_SAMPLER', 'always_on');
test('another protocol', refuses, 'OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc');
test('credentials in the endpoint', refuses, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'http://a:b@c:4318');
test('an endpoint without a port', refuses, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:port');
test('an endpoint without a host', refuses, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'http://:4318');
test('an interval that no timer takes', refuses, 'OTEL_METRIC_EXPORT_INTERVAL', '3600001');
test('an exporter of another name', refuses, 'OTEL_METRICS_EXPORTER', 'console');
