import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

const Name = Type.String({ pattern: '^[a-z_]+(/[a-z]+)?$' });
const Duration = Type.String({ pattern: '^[0-9]+(ms|s|m)$' });

const Component = Type.Record(Name, Type.Object({}));

const SubPolicy = Type.Union([
  Type.Object({
    name: Type.String(),
    type: Type.Literal('status_code'),
    status_code: Type.Object({ status_codes: Type.Array(Type.Literal('ERROR')) }),
  }),
  Type.Object({
    name: Type.String(),
    type: Type.Literal('latency'),
    latency: Type.Object({ threshold_ms: Type.String() }),
  }),
  Type.Object({
    name: Type.String(),
    type: Type.Literal('probabilistic'),
    probabilistic: Type.Object({ sampling_percentage: Type.String() }),
  }),
]);

/** The policies together, with a bound on the spans that they keep. */
const Policy = Type.Object({
  name: Type.String(),
  type: Type.Literal('composite'),
  composite: Type.Object({
    max_total_spans_per_second: Type.String(),
    policy_order: Type.Array(Type.String()),
    composite_sub_policy: Type.Array(SubPolicy, { minItems: 3 }),
    rate_allocation: Type.Array(
      Type.Object({ policy: Type.String(), percent: Type.Integer({ minimum: 1, maximum: 100 }) }),
    ),
  }),
});

const Pipeline = Type.Object({
  receivers: Type.Array(Name, { minItems: 1 }),
  processors: Type.Array(Name, { minItems: 1 }),
  exporters: Type.Array(Name, { minItems: 1 }),
});

/** A configuration of the OpenTelemetry Collector, as far as ours uses it. */
export const CollectorConfig = Type.Object({
  receivers: Component,
  processors: Type.Object({
    memory_limiter: Type.Object({
      check_interval: Duration,
      limit_mib: Type.Integer({ minimum: 1 }),
      spike_limit_mib: Type.Integer({ minimum: 1 }),
    }),
    batch: Type.Object({
      timeout: Duration,
      send_batch_size: Type.Integer(),
      send_batch_max_size: Type.Integer(),
    }),
    tail_sampling: Type.Optional(
      Type.Object({
        decision_wait: Duration,
        num_traces: Type.Integer(),
        policies: Type.Array(Policy, { minItems: 1 }),
      }),
    ),
  }),
  exporters: Component,
  service: Type.Object({
    telemetry: Type.Object({}),
    pipelines: Type.Record(Type.String({ pattern: '^(traces|metrics|logs)$' }), Pipeline),
  }),
});
export type CollectorConfig = Static<typeof CollectorConfig>;

/** What is wrong with a configuration: its shape, and names without a component. */
export function faultsOf(config: unknown): string[] {
  if (!Value.Check(CollectorConfig, config)) {
    return Value.Errors(CollectorConfig, config).map(
      ({ instancePath, message }) => `${instancePath}: ${message}`,
    );
  }
  const { service } = config;
  const used = Object.values(service.pipelines);
  return [
    ...undefinedNames(
      'receiver',
      used.flatMap((pipeline) => pipeline.receivers),
      config.receivers,
    ),
    ...undefinedNames(
      'processor',
      used.flatMap((pipeline) => pipeline.processors),
      config.processors,
    ),
    ...undefinedNames(
      'exporter',
      used.flatMap((pipeline) => pipeline.exporters),
      config.exporters,
    ),
    // The limit of memory comes first, so that it refuses before anything is kept.
    ...used
      .filter(({ processors: [first] }) => first !== 'memory_limiter')
      .map(() => 'a pipeline does not begin with memory_limiter'),
  ];
}

function undefinedNames(kind: string, names: readonly string[], defined: object): string[] {
  return names
    .filter((name) => !Object.hasOwn(defined, name))
    .map((name) => `the ${kind} ${name} is not defined`);
}
