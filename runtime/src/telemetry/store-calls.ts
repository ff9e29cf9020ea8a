import { type Attributes, type Span, SpanKind } from '@opentelemetry/api';
import { METRICS } from './catalogue/metrics.ts';
import { createHistogram } from './metrics.ts';
import { recordedSpan, setAttributes, tracer } from './trace.ts';

/** One call as its span describes it. Made only for calls whose span is recorded. */
export type CallDescription = { readonly name: string; readonly attributes: Attributes };

/** Notes the end of a call, with what was thrown if it failed. */
export type EndCall = (error?: unknown) => void;

/** Where the calls go: the system, and the pool if there is one. */
export type CalledStore = {
  readonly 'db.system.name': 'postgresql' | 'redis';
  readonly 'db.client.connection.pool.name'?: string;
};

/**
 * Measures calls of a store: the duration of each, and a span if the caller's span is recorded. A
 * call outside of a recorded trace costs two looks at the clock and one at the active span.
 */
export function createStoreCalls(store: CalledStore): (describe: () => CallDescription) => EndCall {
  const measure = createHistogram(METRICS.store.operationDuration);
  return (describe) => {
    const startedAt = performance.now();
    const span = recordedSpan() === undefined ? undefined : begin(describe());
    return (error) => {
      const type = error === undefined ? undefined : toFaultCode(error);
      measure((performance.now() - startedAt) / 1_000, { ...store, 'error.type': type });
      if (span !== undefined) end(span, type);
    };
  };

  function begin({ name, attributes }: CallDescription): Span {
    return tracer.startSpan(name, {
      kind: SpanKind.CLIENT,
      attributes: { ...store, ...attributes },
    });
  }
}

function end(span: Span, type: string | undefined): void {
  if (type !== undefined) setAttributes(span, { 'error.type': type });
  span.end();
}

/** SQLSTATE, code of the system, or name of the error. Messages may quote data. */
function toFaultCode(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
