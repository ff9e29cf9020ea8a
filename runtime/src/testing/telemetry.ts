import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import type { ExecutionContext } from 'ava';
import type { MetricDefinition } from '../telemetry/catalogue/definition.ts';
import { SPAN_ATTRIBUTES, type SpanDefinition, SPANS } from '../telemetry/catalogue/spans.ts';

/** A finished span. Times are milliseconds since 1970. */
export type CollectedSpan = {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the root of a trace. */
  readonly parentSpanId: string | undefined;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
  readonly startMs: number;
  readonly endMs: number;
};

/** A value of a counter or gauge, or the number of values of a histogram and their sum. */
export type CollectedValue = {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number;
  readonly sum: number | undefined;
};

/** Spans and metrics of one test. */
export type CollectedTelemetry = {
  /** The spans that have ended, in that order. */
  readonly spans: () => readonly CollectedSpan[];
  /** The spans of one definition. */
  readonly spansOf: (definition: SpanDefinition) => readonly CollectedSpan[];
  /** The values of a metric since the test began, one for each set of attributes. */
  readonly valuesOf: (metric: MetricDefinition) => Promise<readonly CollectedValue[]>;
};

let isCollecting = false;

/**
 * Collects spans and metrics of one test in memory. OpenTelemetry's API is global, so such a test
 * is serial: AVA runs these before the others of the file. Create what is tested afterwards: instruments belong to the
 * provider that they meet first.
 */
export async function collectTelemetry(t: ExecutionContext): Promise<CollectedTelemetry> {
  if (isCollecting) throw new Error('another test collects telemetry: use test.serial');
  isCollecting = true;
  // Loaded here, because it takes longer than most test files.
  const { startCollecting } = await import('./telemetry-sdk.ts');
  const telemetry = startCollecting();
  t.teardown(async () => {
    await telemetry[Symbol.asyncDispose]();
    isCollecting = false;
  });
  return telemetry;
}

/** Runs work as a request that comes with a trace context. */
export function inTrace<T>(traceparent: string, run: () => Promise<T>): Promise<T> {
  return context.with(propagation.extract(ROOT_CONTEXT, { traceparent }), run);
}

/** A trace context for `inTrace`, by number. Its trace is recorded unless told otherwise. */
export function toTraceparent(n: number, { isSampled = true } = {}): string {
  const traceId = n.toString(16).padStart(32, '0');
  return `00-${traceId}-00000000000000aa-${isSampled ? '01' : '00'}`;
}

/** Fails if a span, or an attribute of one, is not in the catalogue. */
export function assertCatalogued(t: ExecutionContext, spans: readonly CollectedSpan[]): void {
  for (const span of spans) {
    const definition = definitionOf(span);
    t.truthy(definition, `the span ${span.name} is not in the catalogue`);
    const allowed = new Set<string>([...(definition?.attributes ?? []), ...SPAN_ATTRIBUTES]);
    for (const attribute of Object.keys(span.attributes)) {
      t.true(
        allowed.has(attribute),
        `${span.name} has ${attribute}, which is not in the catalogue`,
      );
    }
  }
}

/** Spans of servers and stores have names that are made from attributes. */
function definitionOf({ name, attributes }: CollectedSpan): SpanDefinition | undefined {
  if ('http.request.method' in attributes) return SPANS.request;
  if (attributes['db.system.name'] === 'redis') return SPANS.redis;
  if ('db.system.name' in attributes) return SPANS.postgres;
  return Object.values(SPANS).find((definition) => definition.name === name);
}
