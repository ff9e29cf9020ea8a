import {
  type Attributes,
  context,
  type Context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { type ErrorCode, PROBLEM_STATUS } from '@zameni/contracts';
import { AppError, coerceError } from '../errors.ts';
import type { AttributesOf } from './catalogue/definition.ts';
import { isHarmless } from './catalogue/harmless-problems.ts';
import type { SPAN_ATTRIBUTES, SpanDefinition } from './catalogue/spans.ts';

/** The tracer of all spans that our own code makes. */
export const tracer = trace.getTracer('zameni');

/** Kinds of spans in OpenTelemetry's numbers. */
export const SPAN_KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const satisfies Record<SpanDefinition['kind'], SpanKind>;

let isOn = false;

/**
 * Whether an SDK is loaded. Only then does the API have fields to propagate. Asked several times
 * for each request, so the answer is kept once it is true.
 */
export function isTracing(): boolean {
  isOn ||= propagation.fields().length > 0;
  return isOn;
}

/** The W3C trace context of the active span; undefined without tracing. */
export function currentTraceparent(): string | undefined {
  if (!isTracing()) return undefined;
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** Attributes of a span: those of its definition, and those that any span may have. */
export type SpanAttributes<Definition extends SpanDefinition> = AttributesOf<Definition> &
  AttributesOf<{ readonly attributes: typeof SPAN_ATTRIBUTES }>;

/** A span that is recorded. Others can add to it, or link to it, until it ends. */
export type RecordedSpan = Span;

/** The active span if it is recorded. Without one, building attributes is useless. */
export function recordedSpan(): RecordedSpan | undefined {
  if (!isTracing()) return undefined;
  const span = trace.getActiveSpan();
  return span?.isRecording() === true ? span : undefined;
}

/** Runs work that belongs to no request, although a request started it: its spans have no parent. */
export function outsideTraces<T>(run: () => T): T {
  return isTracing() ? context.with(ROOT_CONTEXT, run) : run();
}

/** Binds work to the active span, for a queue that runs it in another one. */
export function bindToTrace<T>(run: () => T): () => T {
  if (!isTracing()) return run;
  // The library's `bind` defines a property on each function, which takes longer than all of this.
  const bound = context.active();
  return () => (context.active() === bound ? run() : context.with(bound, run));
}

/** Where a span belongs. */
export type SpanOptions<Definition extends SpanDefinition> = {
  readonly attributes?: SpanAttributes<Definition>;
  /** The trace context to continue, instead of the active span. `null` begins a trace. */
  readonly parent?: string | null;
  /** Trace contexts that the span is about, but is no part of. */
  readonly links?: readonly (string | undefined)[];
};

/** Adds attributes to a span that runs. `error.type` marks it as failed. */
export type SetAttributes<Definition extends SpanDefinition> = (
  attributes: SpanAttributes<Definition>,
) => void;

/**
 * Runs work in a span, which ends with it. An error marks the span. Without tracing it only runs.
 * In a trace that is not sampled too, because nobody would see its span, and outside of any trace,
 * because a request that is not sampled has no context. `parent: null` begins a trace.
 */
export async function withSpan<Definition extends SpanDefinition, T>(
  definition: Definition,
  options: SpanOptions<Definition>,
  run: (set: SetAttributes<Definition>) => Promise<T>,
): Promise<T> {
  if (!isTracing() || (options.parent === undefined && !isInSampledTrace())) return run(setNothing);
  const span = startSpan(definition, options);
  return context.with(trace.setSpan(context.active(), span), () =>
    finish([span], () => run((attributes) => setAttributes(span, attributes))),
  );
}

function isInSampledTrace(): boolean {
  const active = trace.getActiveSpan();
  return active !== undefined && (active.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

const setNothing = (): void => undefined;

/** Adds attributes to a span. `error.type` marks it as failed. */
export function setAttributes(
  span: Span,
  attributes: Readonly<Record<string, string | number | undefined>>,
): void {
  span.setAttributes(toAttributes(attributes));
  if (attributes['error.type'] !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
}

/** A record whose trace may go on, and what its span says about it. */
export type TracedRecord<Definition extends SpanDefinition> = {
  readonly traceparent: string | undefined;
  readonly attributes?: AttributesOf<Definition>;
};

/** The spans of a batch: one for each record, and one for what is done once for all. */
export type BatchSpans<Each extends SpanDefinition, Whole extends SpanDefinition> = {
  readonly each: Each;
  readonly whole: Whole;
  /** Records whose traces go on: each has a span of its own. */
  readonly live: readonly TracedRecord<Each>[];
  /** Trace contexts of records whose traces do not go on. The batch links to them. */
  readonly links?: readonly (string | undefined)[];
  readonly attributes?: AttributesOf<Whole>;
};

/**
 * Runs the work on a batch of records. Each live record's trace gets a span of its own. Work that
 * is done once for the batch (its SQL) is in a batch span that links to them all; the work on one
 * live record alone is in the span of that record. Nothing is traced if no record has a trace.
 */
export async function withBatchSpans<Each extends SpanDefinition, Whole extends SpanDefinition, T>(
  batch: BatchSpans<Each, Whole>,
  run: () => Promise<T>,
): Promise<T> {
  if (!isTracing()) return run();
  const spans = batch.live.flatMap(({ traceparent, attributes }) =>
    traceparent === undefined
      ? []
      : [startSpan(batch.each, { parent: traceparent, ...(attributes && { attributes }) })],
  );
  const others = toLinks(batch.links ?? []);
  const [only] = spans;
  if (only === undefined && others.length === 0) return run();
  if (spans.length === 1 && only !== undefined && others.length === 0) {
    return context.with(trace.setSpan(ROOT_CONTEXT, only), () => finish(spans, run));
  }
  const links = [...spans.map((span) => ({ context: span.spanContext() })), ...others];
  const whole = tracer.startSpan(
    batch.whole.name,
    {
      kind: SPAN_KINDS[batch.whole.kind],
      attributes: toAttributes(batch.attributes ?? {}),
      // A sampler sees the links of a root span: a batch is kept if one of its records is.
      links,
      root: true,
    },
    ROOT_CONTEXT,
  );
  return context.with(trace.setSpan(ROOT_CONTEXT, whole), () => finish([...spans, whole], run));
}

function startSpan<Definition extends SpanDefinition>(
  { name, kind }: Definition,
  { attributes, parent, links }: SpanOptions<Definition>,
): Span {
  return tracer.startSpan(
    name,
    {
      kind: SPAN_KINDS[kind],
      attributes: toAttributes(attributes ?? {}),
      ...(links === undefined ? {} : { links: toLinks(links) }),
    },
    contextOf(parent),
  );
}

function contextOf(parent: string | null | undefined): Context {
  if (parent === undefined) return context.active();
  return parent === null ? ROOT_CONTEXT : toContext(parent);
}

function toContext(traceparent: string): Context {
  return propagation.extract(ROOT_CONTEXT, { traceparent });
}

function toLinks(traceparents: readonly (string | undefined)[]): Link[] {
  return traceparents.flatMap((traceparent) => {
    const linked =
      traceparent === undefined ? undefined : trace.getSpanContext(toContext(traceparent));
    return linked === undefined ? [] : [{ context: linked }];
  });
}

/** Runs work, ends the spans after it, and marks them if it fails. */
export async function finish<T>(spans: readonly Span[], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    for (const span of spans) markEnd(span, error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

/** A refusal is an answer and no failure: those who look for errors must not find each 409. */
function markEnd(span: Span, thrown: unknown): void {
  if (thrown instanceof AppError && isRefusal(thrown.code)) {
    span.setAttribute('zameni.problem.code', thrown.code);
  } else {
    setAttributes(span, { 'error.type': toErrorType(thrown) });
  }
}

function isRefusal(code: ErrorCode): boolean {
  return PROBLEM_STATUS[code] < 500 || isHarmless(code);
}

/** What went wrong, in one word: the code of our error, or the name of another one. */
export function toErrorType(thrown: unknown): string {
  return thrown instanceof AppError ? thrown.code : coerceError(thrown).name;
}

function toAttributes(
  attributes: Readonly<Record<string, string | number | undefined>>,
): Attributes {
  return attributes;
}
