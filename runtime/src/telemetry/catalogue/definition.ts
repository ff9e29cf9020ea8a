import type { AttributeName } from './attributes.ts';

/** What an instrument measures. `observed` kinds are read by a callback when they are exported. */
export type MetricKind =
  | 'counter'
  | 'histogram'
  | 'observed-counter'
  | 'observed-gauge'
  | 'observed-up-down-counter';

/** One metric. The unit is of UCUM, as OpenTelemetry wants it: `s`, `By`, `1`, `{record}`. */
export type MetricDefinition = {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly AttributeName[];
  /** Upper bounds of the buckets of a histogram. */
  readonly boundaries?: readonly number[];
};

/** The values of the attributes of one measurement. */
export type AttributesOf<Definition extends { readonly attributes: readonly AttributeName[] }> = {
  readonly [Name in Definition['attributes'][number]]?: string | number | undefined;
};
