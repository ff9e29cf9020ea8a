import { randomBytes } from 'node:crypto';

/** A trace that a caller begins. */
export type CallerTrace = {
  readonly traceId: string;
  /** The id of the caller's span, which nobody here knows. */
  readonly parentSpanId: string;
  /** The header `traceparent` of W3C Trace Context. */
  readonly traceparent: string;
};

/** Begins a trace as a caller, who wants it to be recorded or not. */
export function beginTrace({ isSampled = true } = {}): CallerTrace {
  const traceId = randomBytes(16).toString('hex');
  const parentSpanId = randomBytes(8).toString('hex');
  const flags = isSampled ? '01' : '00';
  return { traceId, parentSpanId, traceparent: `00-${traceId}-${parentSpanId}-${flags}` };
}
