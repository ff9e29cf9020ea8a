import { type HrTime, ValueType } from '@opentelemetry/api';
import { hrTime } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Series, SeriesTable } from './series.ts';
import type { SeriesRegistry } from './series-registry.ts';

/** Exports what was added up: readers of the SDK collect from it beside the SDK's own metrics. */
export function createSeriesProducer(registry: SeriesRegistry): MetricProducer {
  const startTime = hrTime();
  return {
    collect: async (): Promise<CollectionResult> => ({
      resourceMetrics: {
        // Readers take the SDK's.
        resource: resourceFromAttributes({}),
        scopeMetrics: [
          {
            scope: { name: 'zameni' },
            metrics: [...registry.tables()].map((table) => toMetricData(table, startTime)),
          },
        ],
      },
      errors: [],
    }),
  };
}

function toMetricData({ definition, all }: SeriesTable, startTime: HrTime): MetricData {
  const { name, description, unit, kind, boundaries = [] } = definition;
  const endTime = hrTime();
  const base = {
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const toPoint = <T>(series: Series, value: T) => ({
    startTime,
    endTime,
    attributes: series.attributes,
    value,
  });
  if (kind === 'counter') {
    const dataPoints = all().map((series) => toPoint(series, series.sum));
    return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
  }
  const dataPoints = all().map((series) => {
    const { sum, count, min, max, buckets: counts } = series;
    const buckets = { boundaries: [...boundaries], counts: [...counts] };
    return toPoint(series, { sum, count, min, max, buckets });
  });
  return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
}
