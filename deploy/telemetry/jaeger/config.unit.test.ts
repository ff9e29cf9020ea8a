import test from 'ava';
import { jaegerConfig } from './config.ts';

const options = {
  host: '127.0.0.1',
  queryPort: 1,
  queryGrpcPort: 2,
  otlpHttpPort: 3,
  otlpGrpcPort: 4,
};

test('Jaeger listens on the given addresses only', (t) => {
  const addresses = jaegerConfig(options).match(/[\w.:[\]]+:\d+(?=")/g) ?? [];
  t.deepEqual(
    addresses.toSorted(),
    [1, 2, 3, 4].map((port) => `127.0.0.1:${port}`),
  );
});

test('Jaeger bounds its traces, and measures and traces nothing of its own', (t) => {
  const { extensions, service } = JSON.parse(jaegerConfig(options));
  t.true(extensions.jaeger_storage.backends.newest.memory.max_traces > 0);
  t.false(extensions.jaeger_query.enable_tracing);
  t.is(service.telemetry.metrics.level, 'none');
});
