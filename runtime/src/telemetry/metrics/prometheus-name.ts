import type { MetricKind } from '../catalogue/definition.ts';

/** What the name of a metric in Prometheus follows from. */
export type Named = {
  readonly name: string;
  readonly unit: string;
  readonly kind: MetricKind;
};

/** Units that OpenTelemetry's mapping to Prometheus writes as a word. */
const UNIT_WORDS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes', '1': 'ratio' };

/**
 * The name of a metric in Prometheus, as collectors and Prometheus itself make it (OpenTelemetry,
 * "Prometheus and OpenMetrics Compatibility"): underscores, the unit as a word, `_total` for
 * counters. A histogram has the series `NAME_bucket`, `NAME_sum` and `NAME_count`.
 */
export function toPrometheusName({ name, unit, kind }: Named): string {
  const isCounter = kind === 'counter' || kind === 'observed-counter';
  const base = name.replaceAll(/[^a-zA-Z0-9]+/g, '_');
  const word = unit === '1' && isCounter ? undefined : UNIT_WORDS[unit];
  const withUnit = word === undefined || base.endsWith(`_${word}`) ? base : `${base}_${word}`;
  return isCounter && !withUnit.endsWith('_total') ? `${withUnit}_total` : withUnit;
}
