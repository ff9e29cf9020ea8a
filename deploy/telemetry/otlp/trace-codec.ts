import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { Compile } from 'typebox/compile';
import { fromWireAttributes, toWireAttributes } from './attributes.ts';
import { Span, SPAN_KINDS, STATUS_CODES } from './span.ts';
import { TraceRequest, type WireSpan } from './wire.ts';

/** The spans of a request, and how many of it are not spans by the schema. */
export type DecodedTraces = { readonly spans: readonly Span[]; readonly refused: number };

/** Reads and writes requests of OTLP with spans. */
export type TraceCodec = {
  /** Throws if the bytes are no such request. */
  readonly decode: (bytes: Uint8Array) => DecodedTraces;
  readonly encode: (spans: readonly Span[]) => Uint8Array;
};

const spanCheck = Compile(Span);
const requestCheck = Compile(TraceRequest);

/** Creates the codec from `traces.proto`. */
export function createTraceCodec(): TraceCodec {
  const { root } = protobuf.parse(readFileSync(join(import.meta.dirname, 'traces.proto'), 'utf8'));
  const type = root.lookupType('ExportTraceServiceRequest');
  return {
    decode: (bytes) => {
      const options = { longs: String, bytes: String, defaults: true };
      const request: unknown = type.toObject(type.decode(bytes), options);
      if (!requestCheck.Check(request)) throw new TypeError('the request is not one of traces');
      const all = request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
        const of = fromWireAttributes(resource?.attributes ?? []);
        const service = String(of['service.name'] ?? '');
        const instance = String(of['service.instance.id'] ?? '');
        return scopeSpans.flatMap(({ spans }) =>
          spans.map((span) => ({ service, instance, ...fromWire(span) })),
        );
      });
      const spans = all.filter((span) => spanCheck.Check(span));
      return { spans, refused: all.length - spans.length };
    },
    encode: (spans) => {
      const processes = Map.groupBy(spans, ({ service, instance }) => `${service} ${instance}`);
      const resourceSpans = [...processes.values()].map((own) => ({
        resource: {
          attributes: toWireAttributes({
            'service.name': own[0]?.service ?? '',
            'service.instance.id': own[0]?.instance ?? '',
          }),
        },
        scopeSpans: [{ scope: { name: 'zameni' }, spans: own.map(toWire) }],
      }));
      return type.encode(type.fromObject({ resourceSpans })).finish();
    },
  };
}

function fromWire(span: WireSpan) {
  const parent = toHex(span.parentSpanId);
  return {
    traceId: toHex(span.traceId),
    spanId: toHex(span.spanId),
    parentSpanId: parent === '' ? null : parent,
    name: span.name,
    kind: SPAN_KINDS[span.kind] ?? 'unspecified',
    startNs: span.startTimeUnixNano,
    endNs: span.endTimeUnixNano,
    status: {
      code: STATUS_CODES[span.status?.code ?? 0] ?? 'unset',
      message: span.status?.message ?? '',
    },
    attributes: fromWireAttributes(span.attributes),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId: toHex(traceId),
      spanId: toHex(spanId),
      attributes: fromWireAttributes(attributes),
    })),
    events: span.events.map(({ name, timeUnixNano, attributes }) => ({
      name,
      timeNs: timeUnixNano,
      attributes: fromWireAttributes(attributes),
    })),
  };
}

function toWire({ kind, status, attributes, links, events, ...span }: Span) {
  return {
    traceId: fromHex(span.traceId),
    spanId: fromHex(span.spanId),
    ...(span.parentSpanId === null ? {} : { parentSpanId: fromHex(span.parentSpanId) }),
    name: span.name,
    kind: SPAN_KINDS.indexOf(kind),
    startTimeUnixNano: span.startNs,
    endTimeUnixNano: span.endNs,
    attributes: toWireAttributes(attributes),
    links: links.map((link) => ({
      traceId: fromHex(link.traceId),
      spanId: fromHex(link.spanId),
      attributes: toWireAttributes(link.attributes),
    })),
    events: events.map((event) => ({
      timeUnixNano: event.timeNs,
      name: event.name,
      attributes: toWireAttributes(event.attributes),
    })),
    status: { code: STATUS_CODES.indexOf(status.code), message: status.message },
  };
}

function toHex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}
