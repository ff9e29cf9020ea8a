import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { SpanDefinition } from './catalogue/spans.ts';
import {
  finish,
  isTracing,
  type RecordedSpan,
  type SetAttributes,
  setAttributes,
  SPAN_KINDS,
  type SpanAttributes,
  tracer,
} from './trace.ts';

/** Work that is done once for several requests. */
export type SharedWork = {
  /** Recorded spans of the requests. */
  readonly members: readonly RecordedSpan[];
  /** Whether the work is for one request only. */
  readonly isAlone: boolean;
};

/**
 * Runs work that is done once for several requests in a root span, linked to the spans of those
 * that are recorded. A lone request needs no such span: the work is in its own. Whatever request
 * started the work, its span is not active.
 */
export async function withSharedSpan<Definition extends SpanDefinition, T>(
  definition: Definition,
  { members, isAlone }: SharedWork,
  run: (set: SetAttributes<Definition>, shared: RecordedSpan | undefined) => Promise<T>,
): Promise<T> {
  const nothing = (): void => undefined;
  if (!isTracing()) return run(nothing, undefined);
  const [first] = members;
  if (first === undefined) return context.with(ROOT_CONTEXT, () => run(nothing, undefined));
  if (isAlone) return context.with(contextIn(first), () => run(nothing, undefined));
  const links = members.map((span) => ({ context: span.spanContext() }));
  const kind = SPAN_KINDS[definition.kind];
  const shared = tracer.startSpan(definition.name, { kind, links, root: true }, ROOT_CONTEXT);
  return context.with(contextIn(shared), () =>
    finish([shared], () => run((attributes) => setAttributes(shared, attributes), shared)),
  );
}

/** A part of a request that is over. Times are those of `performance.now()`. */
export type PastWork<Definition extends SpanDefinition> = {
  readonly parent: RecordedSpan;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes?: SpanAttributes<Definition>;
  /** The span of the work itself, if it was done for several requests. */
  readonly sharedIn?: RecordedSpan | undefined;
};

/** Adds a part that is over to the trace of a request. */
export function addPastSpan<Definition extends SpanDefinition>(
  { name, kind }: Definition,
  { parent, startedAt, endedAt, attributes, sharedIn }: PastWork<Definition>,
): void {
  const links = sharedIn === undefined ? [] : [{ context: sharedIn.spanContext() }];
  const options = { kind: SPAN_KINDS[kind], startTime: startedAt, links };
  const span = tracer.startSpan(name, options, contextIn(parent));
  if (attributes !== undefined) setAttributes(span, attributes);
  span.end(endedAt);
}

function contextIn(span: RecordedSpan) {
  return trace.setSpan(ROOT_CONTEXT, span);
}
