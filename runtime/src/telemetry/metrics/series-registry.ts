import { type MeterProvider, metrics } from '@opentelemetry/api';
import type { MetricDefinition } from '../catalogue/definition.ts';
import { createSeriesTable, type SeriesTable } from './series.ts';

/** The tables of one provider of meters, whose readers export them. */
export type SeriesRegistry = {
  /** The table of a metric. Two users of a definition share it. */
  readonly tableOf: (definition: MetricDefinition) => SeriesTable;
  readonly tables: () => Iterable<SeriesTable>;
};

const registries = new WeakMap<MeterProvider, SeriesRegistry>();

/** Creates the tables of a provider. Its readers need a `SeriesProducer` of them. */
export function createSeriesRegistry(): SeriesRegistry {
  const tables = new Map<string, SeriesTable>();
  return {
    tableOf: (definition) => {
      const known = tables.get(definition.name);
      if (known !== undefined) return known;
      const table = createSeriesTable(definition);
      tables.set(definition.name, table);
      return table;
    },
    tables: () => tables.values(),
  };
}

/** Says where what is measured with a provider is added up. */
export function setSeriesRegistry(provider: MeterProvider, registry: SeriesRegistry): void {
  registries.set(provider, registry);
}

/** The table of a metric with the present provider; undefined if there are no metrics. */
export function currentTableOf(definition: MetricDefinition): SeriesTable | undefined {
  return registries.get(metrics.getMeterProvider())?.tableOf(definition);
}
