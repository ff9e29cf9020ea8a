import { type Static, Type } from 'typebox';

const hex = (digits: number) => Type.String({ pattern: `^[0-9a-f]{${digits}}$` });

const TraceId = hex(32);
const SpanId = hex(16);

/** Nanoseconds since 1970. They are text, because a number would lose the last digits. */
const Nanoseconds = Type.String({ pattern: '^\\d{1,20}$' });

const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);
const Attributes = Type.Record(Type.String(), Type.Union([Scalar, Type.Array(Scalar)]));

/** A name that we give: no address of a person, no letters that a terminal could obey. */
const text = (least: number) => Type.String({ pattern: `^[ -?A-~]{${least},200}$` });
const Process = Type.String({ pattern: '^[a-z0-9-]{0,64}$' });

/** The kinds of spans, in the order of their numbers in OTLP. */
export const SPAN_KINDS = [
  'unspecified',
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
] as const;

/** The codes of a status, in the order of their numbers in OTLP. */
export const STATUS_CODES = ['unset', 'ok', 'error'] as const;

/** A finished span: one line of the file of traces. */
export const Span = Type.Object({
  traceId: TraceId,
  spanId: SpanId,
  /** Null in the first span of a trace. */
  parentSpanId: Type.Union([SpanId, Type.Null()]),
  /** `service.name` and `service.instance.id` of the process; empty if it gives none. */
  service: Process,
  instance: Process,
  name: text(1),
  kind: Type.Enum([...SPAN_KINDS]),
  startNs: Nanoseconds,
  endNs: Nanoseconds,
  status: Type.Object({ code: Type.Enum([...STATUS_CODES]), message: text(0) }),
  attributes: Attributes,
  links: Type.Array(Type.Object({ traceId: TraceId, spanId: SpanId, attributes: Attributes })),
  events: Type.Array(Type.Object({ name: text(1), timeNs: Nanoseconds, attributes: Attributes })),
});

/** A finished span. */
export type Span = Static<typeof Span>;

/** The attributes of a span, a link or an event. */
export type SpanAttributes = Static<typeof Attributes>;

/** The value of an attribute. */
export type SpanAttribute = SpanAttributes[string];
