import { SPANS } from '@zameni/runtime/instruments';
import type { Span } from '../otlp/span.ts';
import type { GatewayRequest } from './gateway-log.ts';

const SERVICE = 'gateway';

/** The attributes of a span of the gateway. */
type GatewayAttributes = Partial<
  Record<(typeof SPANS.gateway.attributes)[number], string | number>
>;

/** The methods of HTTP. A caller may send any other word, which would be a name of its own. */
const METHODS: ReadonlySet<string> = new Set(
  'CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE'.split(' '),
);
const OTHER_METHOD = '_OTHER';

/** Returns the span of a request. Its own answers have no server and no durations. */
export function toGatewaySpan(request: GatewayRequest): Span {
  const { trace, span, parent, start, end, method } = request;
  const known = METHODS.has(method) ? method : OTHER_METHOD;
  return {
    traceId: trace,
    spanId: span,
    parentSpanId: parent === '-' ? null : parent,
    service: SERVICE,
    instance: SERVICE,
    name: known === OTHER_METHOD ? 'HTTP' : known,
    kind: SPANS.gateway.kind,
    startNs: toNanoseconds(start),
    endNs: toNanoseconds(end),
    status: { code: isFailure(request) ? 'error' : 'unset', message: '' },
    attributes: { ...toAttributes(request, known) },
    links: [],
    events: [],
  };
}

function toAttributes(request: GatewayRequest, method: string): GatewayAttributes {
  const { status, backend, server, queue, connect, response, ended } = request;
  return {
    'http.request.method': method,
    ...(status < 0 ? {} : { 'http.response.status_code': status }),
    ...(isFailure(request) ? { 'error.type': String(status) } : {}),
    'zameni.gateway.backend': backend,
    ...(server.startsWith('<') ? {} : { 'zameni.gateway.server': server }),
    ...(queue < 0 ? {} : { 'zameni.gateway.queue_ms': queue }),
    ...(connect < 0 ? {} : { 'zameni.gateway.connect_ms': connect }),
    ...(response < 0 ? {} : { 'zameni.gateway.response_ms': response }),
    'zameni.gateway.ended': ended,
  };
}

/** What a service answered and the gateway passed on whole. */
const PASSED_ON = '--';

/** Whether a 5xx of a service is a failure, the span of the service says: some are none. */
function isFailure({ status, ended }: GatewayRequest): boolean {
  return status >= 500 && ended !== PASSED_ON;
}

/** As text, because a number of nanoseconds would lose its last digits. */
function toNanoseconds(microseconds: number): string {
  return microseconds === 0 ? '0' : `${microseconds}000`;
}
