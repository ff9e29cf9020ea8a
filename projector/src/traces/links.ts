/** Most links of a span, as in OpenTelemetry's default. */
const MAX_LINKS = 128;

/**
 * The trace contexts that a span links to: those that are recorded, each once, a bounded number.
 * Hundreds of records can be in one batch, and a link to a trace that nobody keeps helps nobody.
 */
export function toLinks(traceparents: Iterable<string | undefined | null>): readonly string[] {
  const links = new Set<string>();
  for (const traceparent of traceparents) {
    if (links.size >= MAX_LINKS) break;
    if (isSampled(traceparent)) links.add(traceparent);
  }
  return [...links];
}

/** Whether a trace context says that its trace is recorded (W3C Trace Context, trace-flags). */
export function isSampled(traceparent: string | undefined | null): traceparent is string {
  const flags = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-([\da-f]{2})/.exec(traceparent ?? '')?.[1];
  return flags !== undefined && (Number.parseInt(flags, 16) & 1) === 1;
}
