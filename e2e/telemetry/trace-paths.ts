import type { Span } from '../../deploy/telemetry/otlp/span.ts';
import { nameOf } from './trace-faults.ts';

/**
 * The spans of a trace by their paths: the names of the ancestors from the first one on, and the
 * own name, such as `gateway: POST > command-api: POST /v1/registrations`. A name is
 * `service: name`.
 */
export function toPaths(spans: readonly Span[]): ReadonlyMap<string, readonly Span[]> {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return Map.groupBy(spans, (span) => {
    const names = [nameOf(span)];
    const seen = new Set([span.spanId]);
    let parent = byId.get(span.parentSpanId ?? '');
    while (parent !== undefined && !seen.has(parent.spanId)) {
      seen.add(parent.spanId);
      names.unshift(nameOf(parent));
      parent = byId.get(parent.parentSpanId ?? '');
    }
    return names.join(' > ');
  });
}
