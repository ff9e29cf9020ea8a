import { isSpanContextValid, trace } from '@opentelemetry/api';

/** Trace and span of the active span as fields of a log line; none without a span. */
export function activeTraceFields(): { 'trace.id'?: string; 'span.id'?: string } {
  const context = trace.getActiveSpan()?.spanContext();
  if (context === undefined || !isSpanContextValid(context)) return {};
  return { 'trace.id': context.traceId, 'span.id': context.spanId };
}
