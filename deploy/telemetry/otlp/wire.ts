import { type Static, Type } from 'typebox';

// What protobufjs makes of `traces.proto`: 64-bit numbers and bytes as text, defaults filled in.

const AnyValue = Type.Cyclic(
  {
    AnyValue: Type.Object({
      stringValue: Type.Optional(Type.String()),
      boolValue: Type.Optional(Type.Boolean()),
      intValue: Type.Optional(Type.String()),
      doubleValue: Type.Optional(Type.Number()),
      arrayValue: Type.Optional(Type.Object({ values: Type.Array(Type.Ref('AnyValue')) })),
      kvlistValue: Type.Optional(Type.Object({})),
      bytesValue: Type.Optional(Type.String()),
    }),
  },
  'AnyValue',
);

const KeyValue = Type.Object({
  key: Type.String(),
  value: Type.Union([AnyValue, Type.Null()]),
});
const Attributes = Type.Array(KeyValue);

const Span = Type.Object({
  traceId: Type.String(),
  spanId: Type.String(),
  parentSpanId: Type.String(),
  name: Type.String(),
  kind: Type.Integer(),
  startTimeUnixNano: Type.String(),
  endTimeUnixNano: Type.String(),
  attributes: Attributes,
  events: Type.Array(
    Type.Object({ timeUnixNano: Type.String(), name: Type.String(), attributes: Attributes }),
  ),
  links: Type.Array(
    Type.Object({ traceId: Type.String(), spanId: Type.String(), attributes: Attributes }),
  ),
  status: Type.Union([Type.Object({ code: Type.Integer(), message: Type.String() }), Type.Null()]),
});

/** A request with spans, as it is decoded. */
export const TraceRequest = Type.Object({
  resourceSpans: Type.Array(
    Type.Object({
      resource: Type.Union([Type.Object({ attributes: Attributes }), Type.Null()]),
      scopeSpans: Type.Array(Type.Object({ spans: Type.Array(Span) })),
    }),
  ),
});

/** A span as it is decoded. */
export type WireSpan = Static<typeof Span>;

/** Attributes as they are decoded. */
export type WireAttributes = Static<typeof Attributes>;

/** The value of an attribute as it is decoded. */
export type WireValue = Static<typeof AnyValue>;
