import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  DataPointType,
  type MetricData,
  type MetricProducer,
  MetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { MetricKind } from '../catalogue/definition.ts';
import { toPrometheusName } from './prometheus-name.ts';
import { selectTemporality } from './select-temporality.ts';

/**
 * Renders metrics when Prometheus asks. The exporter of OpenTelemetry opens a port of its own and
 * leaves units out of names, so of it only the serializer is used.
 */
export class PrometheusReader extends MetricReader {
  readonly #serializer = new PrometheusSerializer(undefined, false, undefined, true, true);

  constructor(metricProducers: MetricProducer[]) {
    super({ metricProducers, aggregationTemporalitySelector: selectTemporality });
  }

  /** The metrics as text. What could not be read is left out. */
  async render(): Promise<string> {
    const { resourceMetrics } = await this.collect();
    return this.#serializer.serialize(renameMetrics(resourceMetrics));
  }

  protected override async onForceFlush(): Promise<void> {
    // Nothing is kept between two requests.
  }

  protected override async onShutdown(): Promise<void> {
    // Nothing is open.
  }
}

function renameMetrics(all: ResourceMetrics): ResourceMetrics {
  return {
    ...all,
    scopeMetrics: all.scopeMetrics.map((scope) => ({
      ...scope,
      metrics: scope.metrics.map(rename),
    })),
  };
}

function rename(metric: MetricData): MetricData {
  const { name, unit } = metric.descriptor;
  const renamed = toPrometheusName({ name, unit, kind: kindOf(metric) });
  // Prometheus wants no unit: the name has it.
  return { ...metric, descriptor: { ...metric.descriptor, name: renamed, unit: '' } };
}

function kindOf(metric: MetricData): MetricKind {
  switch (metric.dataPointType) {
    case DataPointType.SUM:
      return metric.isMonotonic ? 'counter' : 'observed-up-down-counter';
    case DataPointType.GAUGE:
      return 'observed-gauge';
    case DataPointType.HISTOGRAM:
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return 'histogram';
    default:
      return metric satisfies never;
  }
}
