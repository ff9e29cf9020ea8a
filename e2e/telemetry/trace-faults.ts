import type { Span } from '../../deploy/telemetry/otlp/span.ts';

/**
 * Nanoseconds by which clocks of processes may differ: spans begin at a whole millisecond, and the
 * gateway's times are whole milliseconds.
 */
const CLOCK_NS = 10_000_000n;

/**
 * Nanoseconds by which a span may outlive one that waits for it: the gateway passes an answer on
 * before a busy process notices that it is sent, and a reader fills the cache after its answer.
 */
const LATE_NS = 500_000_000n;

/** The span of a caller, and the requests that it made in its trace. */
export type ExpectedRoots = { readonly parentSpanId: string | null; readonly requests: number };

/** What is wrong with a trace: one line for each span and fault. */
export function findTraceFaults(
  spans: readonly Span[],
  { parentSpanId: caller, requests }: ExpectedRoots,
): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const twice = spans.length === byId.size ? [] : ['two spans have one id'];
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === caller).length;
  return [
    ...twice,
    ...(roots === requests ? [] : [`${roots} spans are of the caller, not ${requests}`]),
    ...spans.flatMap((span) => {
      if (span.parentSpanId === caller) return faultsOf(span);
      const parent = byId.get(span.parentSpanId ?? '');
      if (parent === undefined) return [`${nameOf(span)} has no parent`];
      return [...faultsOf(span), ...faultsBetween(span, parent)];
    }),
  ];
}

function faultsOf(span: Span): string[] {
  const faults = [];
  if (BigInt(span.endNs) < BigInt(span.startNs)) faults.push('ends before it begins');
  if (span.service === '' || span.instance === '') faults.push('names no process');
  if (span.kind === 'unspecified') faults.push('has no kind');
  return faults.map((fault) => `${nameOf(span)} ${fault}`);
}

/** A consumer works when its parent is over; all others work for their parent, which waits. */
function faultsBetween(span: Span, parent: Span): string[] {
  const faults = [];
  if (BigInt(span.startNs) + CLOCK_NS < BigInt(parent.startNs)) {
    faults.push(`begins before ${nameOf(parent)}`);
  }
  const isWaitedFor = span.kind !== 'consumer' && !isDetached(span);
  if (isWaitedFor && BigInt(span.endNs) > BigInt(parent.endNs) + LATE_NS) {
    faults.push(`ends after ${nameOf(parent)}`);
  }
  return faults.map((fault) => `${nameOf(span)} ${fault}`);
}

function isDetached({ service, name }: Span): boolean {
  return service === 'mailer' && name === 'mail';
}

/** A span as a message names it. */
export function nameOf({ service, name }: Span): string {
  return `${service}: ${name}`;
}
