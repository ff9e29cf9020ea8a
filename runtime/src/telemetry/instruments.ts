export { ATTRIBUTES, type AttributeName } from './catalogue/attributes.ts';
export type { MetricDefinition, MetricKind } from './catalogue/definition.ts';
export { HARMLESS_PROBLEMS } from './catalogue/harmless-problems.ts';
export type {
  LogEventDefinition,
  LogFieldDefinition,
  LogLevel,
} from './catalogue/logs/definition.ts';
export { ERROR_FIELDS, LINE_FIELDS, LOG_FIELDS } from './catalogue/logs/fields.ts';
export { LOG_EVENTS } from './catalogue/logs.ts';
export { LIBRARY_METRICS, type LibraryMetric } from './catalogue/metrics/library.ts';
export { METRICS } from './catalogue/metrics.ts';
export { SPAN_ATTRIBUTES, type SpanDefinition, SPANS } from './catalogue/spans.ts';
export { telemetryVariables } from './config.ts';
export { type LogEntry, readLogLine, toLogText } from './logs/text.ts';
export { toPrometheusName } from './metrics/prometheus-name.ts';
