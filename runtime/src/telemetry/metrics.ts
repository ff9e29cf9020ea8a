import { type Attributes, type Counter, type Histogram, metrics } from '@opentelemetry/api';
import type { AttributesOf, MetricDefinition } from './catalogue/definition.ts';

/** Adds to a counter, 1 unless told otherwise. */
export type Count<Definition extends MetricDefinition> = (
  attributes: AttributesOf<Definition>,
  value?: number,
) => void;

/** Records one value of a histogram, in the unit of its definition. */
export type Measure<Definition extends MetricDefinition> = (
  value: number,
  attributes: AttributesOf<Definition>,
) => void;

/** One value of an observed metric. */
export type Observation<Definition extends MetricDefinition> = {
  readonly value: number;
  readonly attributes?: AttributesOf<Definition>;
};

/**
 * Creates a counter. The instrument is made at its first use, because the API forgets those that
 * were made before the SDK started.
 */
export function createCounter<Definition extends MetricDefinition & { readonly kind: 'counter' }>(
  definition: Definition,
): Count<Definition> {
  let counter: Counter | undefined;
  return (attributes, value = 1) => {
    counter ??= meter().createCounter(definition.name, describe(definition));
    counter.add(value, toAttributes(attributes));
  };
}

/** Creates a histogram with the buckets of its definition, as `createCounter` creates a counter. */
export function createHistogram<
  Definition extends MetricDefinition & { readonly kind: 'histogram' },
>(definition: Definition): Measure<Definition> {
  let histogram: Histogram | undefined;
  return (value, attributes) => {
    histogram ??= meter().createHistogram(definition.name, {
      ...describe(definition),
      advice: { explicitBucketBoundaries: [...(definition.boundaries ?? [])] },
    });
    histogram.record(value, toAttributes(attributes));
  };
}

/**
 * Has a metric read whenever metrics are exported, until the result is disposed. `read` is quick
 * and throws nothing: it returns what the process knows, and never asks a server.
 */
export function observe<
  Definition extends MetricDefinition & { readonly kind: `observed-${string}` },
>(definition: Definition, read: () => readonly Observation<Definition>[]): Disposable {
  const instrument = createObserved(definition);
  const callback = (result: { observe: (value: number, attributes?: Attributes) => void }) => {
    for (const { value, attributes } of read()) {
      result.observe(value, attributes === undefined ? {} : toAttributes(attributes));
    }
  };
  instrument.addCallback(callback);
  return { [Symbol.dispose]: () => instrument.removeCallback(callback) };
}

function createObserved(definition: MetricDefinition) {
  const { name, kind } = definition;
  switch (kind) {
    case 'observed-counter':
      return meter().createObservableCounter(name, describe(definition));
    case 'observed-gauge':
      return meter().createObservableGauge(name, describe(definition));
    case 'observed-up-down-counter':
      return meter().createObservableUpDownCounter(name, describe(definition));
    case 'counter':
    case 'histogram':
      throw new TypeError(`${name} is not observed`);
    default:
      return kind satisfies never;
  }
}

function describe({ unit, description }: MetricDefinition) {
  return { unit, description };
}

function toAttributes(
  attributes: Readonly<Record<string, string | number | undefined>>,
): Attributes {
  return attributes;
}

function meter() {
  return metrics.getMeter('zameni');
}
