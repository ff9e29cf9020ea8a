import { readBounded } from '@zameni/runtime/read-bounded';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { fromWireAttributes } from '../../../deploy/telemetry/otlp/attributes.ts';
import { SPAN_KINDS, type Span, STATUS_CODES } from '../../../deploy/telemetry/otlp/span.ts';
import { CommandError } from '../framework/command.ts';

const DEADLINE_MS = 10_000;

/** Bytes of an answer. A longer one is of a trace that nobody can read as a tree. */
const MAX_BYTES = 64 * 1024 * 1024;

const Value = Type.Object({
  stringValue: Type.Optional(Type.String()),
  boolValue: Type.Optional(Type.Boolean()),
  intValue: Type.Optional(Type.String()),
  doubleValue: Type.Optional(Type.Number()),
});
const Attributes = Type.Array(Type.Object({ key: Type.String(), value: Value }));
const Id = Type.String({ pattern: '^[0-9a-f]+$' });
const Nanoseconds = Type.String({ pattern: '^\\d{1,20}$' });

const WireSpan = Type.Object({
  traceId: Id,
  spanId: Id,
  parentSpanId: Type.Optional(Type.String()),
  name: Type.String(),
  kind: Type.Optional(Type.Integer()),
  startTimeUnixNano: Nanoseconds,
  endTimeUnixNano: Nanoseconds,
  attributes: Type.Optional(Attributes),
  links: Type.Optional(
    Type.Array(Type.Object({ traceId: Id, spanId: Id, attributes: Type.Optional(Attributes) })),
  ),
  status: Type.Optional(
    Type.Object({
      code: Type.Optional(Type.Integer()),
      message: Type.Optional(Type.String()),
    }),
  ),
});

/** The answer of Jaeger's query API: OTLP as JSON. */
const answerCheck = Compile(
  Type.Object({
    result: Type.Object({
      resourceSpans: Type.Array(
        Type.Object({
          resource: Type.Optional(Type.Object({ attributes: Type.Optional(Attributes) })),
          scopeSpans: Type.Array(Type.Object({ spans: Type.Array(WireSpan) })),
        }),
      ),
    }),
  }),
);

/** Asks Jaeger for the spans of a trace. Returns none if it does not know it. */
export async function askJaeger(url: string, traceId: string): Promise<Span[]> {
  const { status, text } = await fetchText(`${url}/api/v3/traces/${traceId}`).catch(
    (cause: unknown) => {
      throw new CommandError('jaeger-unavailable', `${url} does not answer`, { cause });
    },
  );
  if (status === 404) return [];
  if (status !== 200 || text === undefined) {
    const what = text === undefined ? 'more than a trace can be' : status;
    throw new CommandError('jaeger-unavailable', `${url} answers ${what}`);
  }
  return parseJaegerAnswer(text);
}

/** Reads an answer. Its text is undefined if it is too long: no more of it is read then. */
async function fetchText(url: string): Promise<{ status: number; text: string | undefined }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });
  const text = response.body === null ? '' : await readBounded(response.body, MAX_BYTES);
  return { status: response.status, text };
}

/** Reads the spans of an answer. Throws CommandError if it is not one of Jaeger's. */
export function parseJaegerAnswer(text: string): Span[] {
  const answer = parseJson(text);
  if (!answerCheck.Check(answer)) {
    throw new CommandError('jaeger-unavailable', 'the answer is not that of Jaeger 2');
  }
  return answer.result.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const own = fromWireAttributes(resource?.attributes ?? []);
    const service = String(own['service.name'] ?? '');
    const instance = String(own['service.instance.id'] ?? '');
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({ service, instance, ...fromWire(span) })),
    );
  });
}

function fromWire(span: Static<typeof WireSpan>): Omit<Span, 'service' | 'instance'> {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || null,
    name: span.name,
    kind: SPAN_KINDS[span.kind ?? 0] ?? 'unspecified',
    startNs: span.startTimeUnixNano,
    endNs: span.endTimeUnixNano,
    status: {
      code: STATUS_CODES[span.status?.code ?? 0] ?? 'unset',
      message: span.status?.message ?? '',
    },
    attributes: fromWireAttributes(span.attributes ?? []),
    links: (span.links ?? []).map(({ attributes = [], ...link }) => {
      return { ...link, attributes: fromWireAttributes(attributes) };
    }),
    events: [],
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, so not an answer of Jaeger. The schema refuses it.
    return undefined;
  }
}
