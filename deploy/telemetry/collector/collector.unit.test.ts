import test from 'ava';
import { parse } from 'yaml';
import { faultsOf } from './config-schema.ts';
import { createCollectorConfig, type Environment } from './create-config.ts';
import { DESTINATIONS } from './destinations.ts';
import { renderCollectorConfig } from './render-config.ts';

const SECRET = 'c0ffee-that-nobody-may-see';
const EVERYTHING: Environment = Object.fromEntries(
  ['ZAMENI_LOG_FILES', ...DESTINATIONS.flatMap(({ key, needs }) => [key, ...needs])].map((name) => [
    name,
    SECRET,
  ]),
);

function configFor(env: Environment) {
  const result = createCollectorConfig(env);
  if (!result.ok) throw new Error(result.faults.join('; '));
  return result.config;
}

test('each destination is switched on by its key, and only by it', (t) => {
  for (const { key, needs, exporter, signals } of DESTINATIONS) {
    const names = [key, ...needs, 'ZAMENI_LOG_FILES'];
    const config = configFor(Object.fromEntries(names.map((name) => [name, 'x'])));
    t.deepEqual(Object.keys(config.exporters), [exporter]);
    t.deepEqual(Object.keys(config.service.pipelines), [...signals]);
    t.deepEqual(faultsOf(config), [], exporter);
  }
});

test('with every key every signal goes to each of its destinations', (t) => {
  const { pipelines } = configFor(EVERYTHING).service;
  for (const signal of ['traces', 'metrics', 'logs'] as const) {
    const takers = DESTINATIONS.filter(({ signals }) => signals.includes(signal));
    t.deepEqual(
      pipelines[signal]?.exporters,
      takers.map(({ exporter }) => exporter),
    );
  }
});

test('the file names keys and holds none', (t) => {
  const text = renderCollectorConfig(configFor(EVERYTHING));
  t.false(text.includes(SECRET));
  for (const { key } of DESTINATIONS) t.true(text.includes(`\${env:${key}`), key);
});

test('says what is missing', (t) => {
  t.deepEqual(createCollectorConfig({ ELASTIC_APM_SECRET_TOKEN: 'x', DD_API_KEY: '' }), {
    ok: false,
    faults: ['Elastic (ELK) needs ELASTIC_APM_SERVER_URL'],
  });
  const none = createCollectorConfig({});
  t.true(!none.ok && none.faults[0]?.startsWith('no destination is chosen: set JAEGER_OTLP'));
});

test('each reason to keep a trace has its part of the bound', (t) => {
  const { policies } = configFor({ JAEGER_OTLP_ENDPOINT: 'x' }).processors.tail_sampling ?? {};
  for (const { composite } of policies ?? []) {
    const names = composite.composite_sub_policy.map(({ name }) => name);
    t.deepEqual(composite.policy_order, names);
    t.deepEqual(
      composite.rate_allocation.map(({ policy }) => policy),
      names,
    );
    t.is(
      composite.rate_allocation.reduce((sum, { percent }) => sum + percent, 0),
      100,
    );
  }
  t.is(policies?.length, 1);
});

test('logs are read only where their files are named', (t) => {
  const { receivers, service } = configFor({ DD_API_KEY: 'x' });
  t.deepEqual(Object.keys(receivers), ['otlp']);
  t.deepEqual(Object.keys(service.pipelines), ['traces', 'metrics']);
});

test('the schema reports a name without a component, and a late limit of memory', (t) => {
  const config = configFor({ JAEGER_OTLP_ENDPOINT: 'x' });
  const broken = {
    ...config,
    service: {
      ...config.service,
      pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['zipkin'] } },
    },
  };
  t.deepEqual(faultsOf(broken), [
    'the exporter zipkin is not defined',
    'a pipeline does not begin with memory_limiter',
  ]);
  t.deepEqual(faultsOf({ ...config, exporters: [] }).length > 0, true);
});

test('what is written is what was made', (t) => {
  const config = configFor(EVERYTHING);
  t.deepEqual(parse(renderCollectorConfig(config)), JSON.parse(JSON.stringify(config)));
});
