export { ATTRIBUTES, type AttributeName } from './catalogue/attributes.ts';
export type { MetricDefinition, MetricKind } from './catalogue/definition.ts';
export { METRICS } from './catalogue/metrics.ts';
export { type SpanDefinition, SPANS } from './catalogue/spans.ts';
export { toPrometheusName } from './prometheus-name.ts';
