import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { PATIENCE_MS } from '@zameni/runtime/testing';
import type { Span } from '../../deploy/telemetry/otlp/span.ts';

/** What both a file of spans and Jaeger know of a span, in one form. */
export type SpanFacts = {
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  readonly parentSpanId: string | null;
  /** `traceId/spanId` of each link. */
  readonly links: readonly string[];
  readonly startUs: number;
  readonly durationUs: number;
  readonly isError: boolean;
};

const Answer = Type.Object({
  data: Type.Array(
    Type.Object({
      processes: Type.Record(Type.String(), Type.Object({ serviceName: Type.String() })),
      spans: Type.Array(
        Type.Object({
          spanID: Type.String(),
          operationName: Type.String(),
          processID: Type.String(),
          startTime: Type.Integer(),
          duration: Type.Integer(),
          references: Type.Array(
            Type.Object({
              refType: Type.String(),
              traceID: Type.String(),
              spanID: Type.String(),
            }),
          ),
          tags: Type.Array(Type.Object({ key: Type.String(), value: Type.Unknown() })),
        }),
      ),
    }),
  ),
});

/** Asks Jaeger's query API for a trace. Returns its spans by id; none if it has no such trace. */
export async function fetchJaegerTrace(url: string, traceId: string): Promise<SpanFacts[]> {
  const response = await fetch(`${url}/api/traces/${traceId}`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.status === 404) return [];
  const { data } = Value.Parse(Answer, await response.json());
  const facts = data.flatMap(({ processes, spans }) =>
    spans.map((span): SpanFacts => {
      const parent = span.references.find(({ refType }) => refType === 'CHILD_OF');
      const links = span.references.filter((reference) => reference !== parent);
      return {
        spanId: span.spanID,
        service: processes[span.processID]?.serviceName ?? '',
        name: span.operationName,
        parentSpanId: parent?.spanID ?? null,
        links: links.map(({ traceID, spanID }) => `${traceID}/${spanID}`).toSorted(),
        startUs: span.startTime,
        durationUs: span.duration,
        isError: span.tags.some(({ key, value }) => key === 'error' && value === true),
      };
    }),
  );
  return byId(facts);
}

/** The same of spans of the file. Jaeger counts microseconds. */
export function toSpanFacts(spans: readonly Span[]): SpanFacts[] {
  return byId(
    spans.map((span) => ({
      spanId: span.spanId,
      service: span.service,
      name: span.name,
      parentSpanId: span.parentSpanId,
      links: span.links.map(({ traceId, spanId }) => `${traceId}/${spanId}`).toSorted(),
      startUs: Number(BigInt(span.startNs) / 1_000n),
      durationUs: Number((BigInt(span.endNs) - BigInt(span.startNs)) / 1_000n),
      isError: span.status.code === 'error',
    })),
  );
}

function byId(facts: readonly SpanFacts[]): SpanFacts[] {
  return facts.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1));
}
