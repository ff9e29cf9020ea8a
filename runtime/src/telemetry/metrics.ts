import { type Attributes, metrics } from '@opentelemetry/api';
import type { AttributesOf, MetricDefinition } from './catalogue/definition.ts';
import { currentTableOf } from './metrics/series-registry.ts';

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

/** Creates a counter. It belongs to the metrics that are on at its first use, or to none. */
export function createCounter<Definition extends MetricDefinition & { readonly kind: 'counter' }>(
  definition: Definition,
): Count<Definition> {
  const add = createAdd(definition);
  return (attributes, value = 1) => add(value, attributes);
}

/**
 * Begins series of a counter at 0. `rate` and `increase` do not see the value with which a series
 * begins, so the first fault after a start would be lost. Call it where all sets of attributes are
 * known before the first of them occurs.
 */
export function startAtZero<Definition extends MetricDefinition & { readonly kind: 'counter' }>(
  definition: Definition,
  each: readonly AttributesOf<Definition>[],
): void {
  for (const attributes of each) currentTableOf(definition)?.add(0, attributes);
}

/** Creates a histogram with the buckets of its definition, as `createCounter` creates a counter. */
export function createHistogram<
  Definition extends MetricDefinition & { readonly kind: 'histogram' },
>(definition: Definition): Measure<Definition> {
  return createAdd(definition);
}

type Add = (
  value: number,
  attributes: Readonly<Record<string, string | number | undefined>>,
) => void;

function createAdd(definition: MetricDefinition): Add {
  let add: Add | undefined;
  return (value, attributes) => {
    add ??= currentTableOf(definition)?.add ?? ignore;
    add(value, attributes);
  };
}

const ignore = (): void => undefined;

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

/** Leaves out what is undefined: it would be an attribute without a value. */
function toAttributes(
  attributes: Readonly<Record<string, string | number | undefined>>,
): Attributes {
  for (const name in attributes) {
    if (attributes[name] === undefined) {
      return Object.fromEntries(
        Object.entries(attributes).filter(([, value]) => value !== undefined),
      );
    }
  }
  return attributes;
}

function meter() {
  return metrics.getMeter('zameni');
}
