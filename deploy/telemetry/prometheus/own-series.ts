import {
  type AttributeName,
  type MetricDefinition,
  toPrometheusName,
} from '@zameni/runtime/instruments';
import { SERVICE_JOBS } from './jobs.ts';

/** Labels and their values. A value that begins with `~` is a regular expression. */
export type Labels = Readonly<Record<string, string>>;

/** The label in Prometheus of an attribute. */
export function labelOf(attribute: AttributeName): string {
  return attribute.replaceAll(/[^a-zA-Z0-9]/g, '_');
}

/** A selector of series, `name{a="1",b=~"x|y"}`. */
export function select(name: string, labels: Labels = {}): string {
  const matchers = Object.entries(labels).map(([label, value]) => toMatcher(label, value));
  return matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`;
}

/** A selector of the series of a metric of ours. A histogram has none of its own. */
export function series(definition: MetricDefinition, labels: Labels = {}): string {
  if (definition.kind === 'histogram') throw new Error(`${definition.name} is a histogram`);
  return selectOwn(definition, toPrometheusName(definition), labels);
}

/** The series that counts the measurements of a histogram. */
export function countOf(definition: MetricDefinition, labels: Labels = {}): string {
  return selectOwn(definition, `${histogramName(definition)}_count`, labels);
}

/** The series that adds up the measurements of a histogram. */
export function sumOf(definition: MetricDefinition, labels: Labels = {}): string {
  return selectOwn(definition, `${histogramName(definition)}_sum`, labels);
}

/** The series of all buckets of a histogram. */
export function bucketsOf(definition: MetricDefinition, labels: Labels = {}): string {
  return selectOwn(definition, `${histogramName(definition)}_bucket`, labels);
}

/**
 * The bucket of a histogram that counts measurements up to a bound, which must be one of its own.
 * Prometheus 3 writes whole bounds as `1.0`, older ones as `1`.
 */
export function bucketOf(definition: MetricDefinition, bound: number, labels: Labels = {}): string {
  if (definition.boundaries?.includes(bound) !== true) {
    throw new Error(`${definition.name} has no bucket up to ${bound}`);
  }
  const le = Number.isInteger(bound) ? `~${bound}|${bound}.0` : String(bound);
  return bucketsOf(definition, { ...labels, le });
}

/** Names of OpenTelemetry's conventions are those of anybody's services, so jobs tell ours apart. */
function selectOwn({ name }: MetricDefinition, series: string, labels: Labels): string {
  return select(series, name.startsWith('zameni.') ? labels : { job: SERVICE_JOBS, ...labels });
}

function histogramName(definition: MetricDefinition): string {
  if (definition.kind !== 'histogram') throw new Error(`${definition.name} is no histogram`);
  return toPrometheusName(definition);
}

function toMatcher(label: string, value: string): string {
  return value.startsWith('!~')
    ? `${label}!~"${value.slice(2)}"`
    : value.startsWith('~')
      ? `${label}=~"${value.slice(1)}"`
      : `${label}="${value}"`;
}
