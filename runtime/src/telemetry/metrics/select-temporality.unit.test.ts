import { metrics } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import test from 'ava';
import { METRICS } from '../catalogue/metrics.ts';
import { createCounter, observe } from '../metrics.ts';
import { PrometheusReader } from './prometheus.ts';
import { createSeriesProducer } from './series-producer.ts';
import { createSeriesRegistry, setSeriesRegistry } from './series-registry.ts';

test.serial('what is observed no more is exposed no more, and counts go on', async (t) => {
  const registry = createSeriesRegistry();
  const reader = new PrometheusReader([createSeriesProducer(registry)]);
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  setSeriesRegistry(provider, registry);
  t.teardown(async () => {
    metrics.disable();
    await provider.shutdown();
  });
  let head: number | undefined = 7;
  using _observed = observe(METRICS.projection.head, () =>
    head === undefined ? [] : [{ value: head }],
  );
  const count = createCounter(METRICS.store.cacheWrites);
  count({});
  const first = await reader.render();
  t.regex(first, /^zameni_log_head(\{[^}]*\})? 7$/m);
  head = undefined;
  const second = await reader.render();
  t.notRegex(second, /^zameni_log_head/m);
  t.regex(second, /^zameni_cache_writes_total(\{[^}]*\})? 1$/m);
});
