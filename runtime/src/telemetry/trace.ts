import {
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

const tracer = trace.getTracer('zameni');

/** Milliseconds to send the last spans when a process ends. */
const FLUSH_DEADLINE_MS = 2_000;

/** Whether an SDK is loaded. Only then does the API have fields to propagate. */
function isTracing(): boolean {
  return propagation.fields().length > 0;
}

/** The W3C trace context of the active span; undefined without tracing. */
export function currentTraceparent(): string | undefined {
  if (!isTracing()) return undefined;
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** Runs an append in a span of its own, which readers of the log continue. */
export function withAppendSpan<T>(name: string, run: () => Promise<T>): Promise<T> {
  if (!isTracing()) return run();
  return tracer.startActiveSpan(name, { kind: SpanKind.PRODUCER }, (span) => finish([span], run));
}

/**
 * Runs the work on a batch of records. Each record's trace gets a span of its own. Work that is
 * done once for the batch (its SQL) is in a batch span that links to them all.
 */
export async function withRecordSpans<T>(
  name: string,
  records: readonly { readonly traceparent: string | undefined }[],
  run: () => Promise<T>,
): Promise<T> {
  if (!isTracing()) return run();
  const spans = records.flatMap(({ traceparent }) =>
    traceparent === undefined
      ? []
      : tracer.startSpan(
          name,
          { kind: SpanKind.CONSUMER },
          propagation.extract(ROOT_CONTEXT, { traceparent }),
        ),
  );
  if (spans.length === 0) return run();
  const links = spans.map((span) => ({ context: span.spanContext() }));
  const [only] = spans;
  if (spans.length === 1 && only !== undefined) {
    return context.with(trace.setSpan(ROOT_CONTEXT, only), () => finish(spans, run));
  }
  return tracer.startActiveSpan(`${name} batch`, { links, root: true }, (batch) =>
    finish([...spans, batch], run),
  );
}

/** Sends the remaining spans, within FLUSH_DEADLINE_MS. Does nothing without tracing. */
export async function flushTraces(): Promise<void> {
  const provider: object = trace.getTracerProvider();
  const delegate = 'getDelegate' in provider ? callMethod(provider, 'getDelegate') : provider;
  if (typeof delegate !== 'object' || delegate === null || !('forceFlush' in delegate)) return;
  const timeout = new Promise<void>((resolve) => {
    setTimeout(resolve, FLUSH_DEADLINE_MS).unref();
  });
  await Promise.race([callMethod(delegate, 'forceFlush'), timeout]);
}

async function finish<T>(spans: readonly Span[], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

function callMethod(target: object, name: string): unknown {
  const method: unknown = Reflect.get(target, name);
  return typeof method === 'function' ? Reflect.apply(method, target, []) : undefined;
}
