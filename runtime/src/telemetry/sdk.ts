import { readFileSync } from 'node:fs';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, ParentBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from '../process/logger.ts';
import type { TelemetrySettings } from './config.ts';
import { reportExportFaults } from './export-faults.ts';
import { setExposition } from './metrics/exposition.ts';
import { observeProcess } from './observe-process.ts';
import { PrometheusReader } from './metrics/prometheus.ts';
import { createRootSampler } from './root-sampler.ts';
import { selectTemporality } from './metrics/select-temporality.ts';
import { createSeriesProducer } from './metrics/series-producer.ts';
import { createSeriesRegistry, setSeriesRegistry } from './metrics/series-registry.ts';

/** The process that is observed. */
export type Observed = {
  readonly service: string;
  readonly instance: string;
  readonly logger: Logger;
};

/** Most finished spans that wait for export, about 4 MB. Further ones are dropped and counted. */
const MAX_WAITING_SPANS = 4_096;

/** Milliseconds that a span waits for others. Short, because people look at traces of this moment. */
const SPAN_DELAY_MS = 1_000;

/** Starts metrics and traces. The result sends what remains; the caller sets the deadline. */
export function startSdk(settings: TelemetrySettings, observed: Observed): () => Promise<void> {
  const resource = toResource(settings, observed);
  reportExportFaults(observed.logger);
  const meterProvider = startMetrics(settings, resource);
  const tracerProvider = startTraces(settings, resource, meterProvider);
  return async () => {
    await Promise.allSettled([tracerProvider?.shutdown(), meterProvider.shutdown()]);
  };
}

function toResource({ resource }: TelemetrySettings, { service, instance }: Observed): Resource {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  // No detectors: host, process and its command line say more than they should.
  return defaultResource().merge(
    resourceFromAttributes({
      ...resource,
      'service.name': service,
      'service.instance.id': instance,
      'service.version': version,
    }),
  );
}

function startMetrics({ prometheus, otlp }: TelemetrySettings, resource: Resource): MeterProvider {
  const registry = createSeriesRegistry();
  const metricProducers = [createSeriesProducer(registry)];
  const exposed = prometheus ? new PrometheusReader(metricProducers) : undefined;
  const readers: IMetricReader[] = exposed === undefined ? [] : [exposed];
  if (otlp?.metricsEveryMs !== undefined) {
    const exporter = new OTLPMetricExporter({
      url: `${otlp.endpoint}/v1/metrics`,
      headers: otlp.headers,
      timeoutMillis: otlp.timeoutMs,
    });
    exporter.selectAggregationTemporality = selectTemporality;
    readers.push(
      new PeriodicExportingMetricReader({
        exporter,
        metricProducers,
        exportIntervalMillis: otlp.metricsEveryMs,
        exportTimeoutMillis: Math.min(otlp.timeoutMs, otlp.metricsEveryMs),
      }),
    );
  }
  const provider = new MeterProvider({ resource, readers });
  if (readers.length > 0) {
    metrics.setGlobalMeterProvider(provider);
    setSeriesRegistry(provider, registry);
    observeProcess();
    new RuntimeNodeInstrumentation().setMeterProvider(provider);
  }
  if (exposed !== undefined) setExposition(provider, () => exposed.render());
  return provider;
}

function startTraces(
  { otlp }: TelemetrySettings,
  resource: Resource,
  meterProvider: MeterProvider,
): TracerProvider | undefined {
  if (otlp?.traceRatio === undefined) return undefined;
  const exporter = new OTLPTraceExporter({
    url: `${otlp.endpoint}/v1/traces`,
    headers: otlp.headers,
    timeoutMillis: otlp.timeoutMs,
  });
  const provider = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: createRootSampler(otlp.traceRatio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_WAITING_SPANS,
        scheduledDelayMillis: SPAN_DELAY_MS,
        exportTimeoutMillis: otlp.timeoutMs + SPAN_DELAY_MS,
        // Counts exported and dropped spans (`otel.sdk.processor.span.processed`).
        selfObsMeterProvider: meterProvider,
      }),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return provider;
}
