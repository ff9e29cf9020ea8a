import { bucketsOf, type Labels, labelOf } from '../prometheus/own-series.ts';
import type { Query } from './dashboard.ts';
import type { AttributeName, MetricDefinition } from '@zameni/runtime/instruments';

/** The processes that the reader of a dashboard has chosen. */
export const CHOSEN: Labels = { job: '~$job', instance: '~$instance' };

const QUANTILES = [0.5, 0.95, 0.99] as const;

/** A rate over the window that Grafana finds right for the interval of scrapes. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`;
}

/** The sum of rates, by attributes or labels. */
export function sumRate(selector: string, by: readonly string[] = []): string {
  return `${by.length === 0 ? 'sum' : `sum by (${by.join(', ')})`} (${rate(selector)})`;
}

/** Median, p95 and p99 of a histogram. */
export function quantiles(definition: MetricDefinition, labels: Labels, because?: string): Query[] {
  return QUANTILES.map((quantile) => ({
    expr: quantileOf(quantile, definition, labels),
    legend: `p${quantile * 100}`,
    ...(because === undefined ? {} : { mayBeEmpty: because }),
  }));
}

/** One quantile of a histogram, for each value of the attributes. */
export function quantileOf(
  quantile: number,
  definition: MetricDefinition,
  labels: Labels,
  by: readonly AttributeName[] = [],
): string {
  const grouped = ['le', ...by.map(labelOf)].join(', ');
  return `histogram_quantile(${quantile}, sum by (${grouped}) (${rate(bucketsOf(definition, labels))}))`;
}

/** The text of a line that shows an attribute. */
export function shown(attribute: AttributeName): string {
  return `{{${labelOf(attribute)}}}`;
}
