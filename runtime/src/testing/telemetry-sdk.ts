import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  context,
  type ContextManager,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  DataPointType,
  MeterProvider,
  type MetricData,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { selectTemporality } from '../telemetry/metrics/select-temporality.ts';
import { createSeriesProducer } from '../telemetry/metrics/series-producer.ts';
import { createSeriesRegistry, setSeriesRegistry } from '../telemetry/metrics/series-registry.ts';
import type { CollectedSpan, CollectedTelemetry, CollectedValue } from './telemetry.ts';

const exporter = new InMemorySpanExporter();
let isRegistered = false;

/**
 * Collects in memory until disposed. Metrics have a provider for each test. Spans have one for the
 * process, because a tracer keeps the first that it meets.
 */
export function startCollecting(): CollectedTelemetry & AsyncDisposable {
  registerTracing();
  exporter.reset();
  const registry = createSeriesRegistry();
  const reader = new MemoryReader({
    aggregationTemporalitySelector: selectTemporality,
    metricProducers: [createSeriesProducer(registry)],
  });
  const provider = new MeterProvider({ readers: [reader] });
  setSeriesRegistry(provider, registry);
  metrics.setGlobalMeterProvider(provider);
  const spans = () => exporter.getFinishedSpans().map(toCollected);
  return {
    spans,
    spansOf: ({ name }) => spans().filter((span) => span.name === name),
    valuesOf: async ({ name }) => {
      const { resourceMetrics } = await reader.collect();
      return resourceMetrics.scopeMetrics
        .flatMap(({ metrics }) => metrics.filter(({ descriptor }) => descriptor.name === name))
        .flatMap(toValues);
    },
    [Symbol.asyncDispose]: async () => {
      metrics.disable();
      await provider.shutdown();
    },
  };
}

function registerTracing(): void {
  if (isRegistered) return;
  isRegistered = true;
  context.setGlobalContextManager(createContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new TracerProvider({
      sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    }),
  );
}

function createContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, run, self, ...args) => storage.run(active, () => run.call(self, ...args)),
    bind: (active, target) => {
      if (typeof target !== 'function') return target;
      const bound = (...args: unknown[]): unknown =>
        storage.run(active, () => Reflect.apply(target, undefined, args));
      // The bound function takes and returns what its target does.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return bound as unknown as typeof target;
    },
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

class MemoryReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function toValues({ dataPointType, dataPoints }: MetricData): CollectedValue[] {
  switch (dataPointType) {
    case DataPointType.HISTOGRAM:
      return dataPoints.map(({ attributes, value: { count, sum } }) => ({
        attributes,
        value: count,
        sum,
      }));
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      throw new TypeError('the catalogue has no exponential histograms');
    case DataPointType.GAUGE:
    case DataPointType.SUM:
      return dataPoints.map(({ attributes, value }) => ({ attributes, value, sum: undefined }));
    default:
      return dataPointType satisfies never;
  }
}

function toCollected(span: ReadableSpan): CollectedSpan {
  const { name, attributes, status, startTime, endTime, parentSpanContext } = span;
  const { traceId, spanId } = span.spanContext();
  return {
    name,
    traceId,
    spanId,
    parentSpanId: parentSpanContext?.spanId,
    links: span.links.map((link) => ({
      traceId: link.context.traceId,
      spanId: link.context.spanId,
    })),
    attributes,
    isError: status.code === SpanStatusCode.ERROR,
    startMs: toMs(startTime),
    endMs: toMs(endTime),
  };
}

function toMs([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1e6;
}
