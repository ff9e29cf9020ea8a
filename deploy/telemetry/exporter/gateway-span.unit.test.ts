import test from 'ava';
import type { GatewayRequest } from './gateway-log.ts';
import { toGatewaySpan } from './gateway-span.ts';

const request: GatewayRequest = {
  trace: '0af7651916cd43dd8448eb211c80319c',
  span: 'e6c0223dc9684baa',
  parent: 'b7ad6b7169203331',
  start: 1_795_750_510_645_015,
  end: 1_795_750_510_645_891,
  method: 'GET',
  status: 200,
  backend: 'query-api',
  server: 'query-api-1',
  queue: 0,
  connect: 2,
  response: 3,
  ended: '--',
};

test('a request becomes a span of the server', (t) => {
  t.deepEqual(toGatewaySpan(request), {
    traceId: request.trace,
    spanId: request.span,
    parentSpanId: request.parent,
    service: 'gateway',
    instance: 'gateway',
    name: 'GET',
    kind: 'server',
    startNs: '1795750510645015000',
    endNs: '1795750510645891000',
    status: { code: 'unset', message: '' },
    attributes: {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'zameni.gateway.backend': 'query-api',
      'zameni.gateway.server': 'query-api-1',
      'zameni.gateway.queue_ms': 0,
      'zameni.gateway.connect_ms': 2,
      'zameni.gateway.response_ms': 3,
      'zameni.gateway.ended': '--',
    },
    links: [],
    events: [],
  });
});

test('a trace that the gateway began has no parent', (t) => {
  t.is(toGatewaySpan({ ...request, parent: '-' }).parentSpanId, null);
});

test('a failure of the gateway is an error of its span', (t) => {
  // The server closed the connection, nobody was ready, the answer did not come in time.
  for (const ended of ['SH', 'SC', 'sH', 'sQ']) {
    const { status, attributes } = toGatewaySpan({ ...request, status: 503, ended });
    t.is(status.code, 'error', ended);
    t.is(attributes['error.type'], '503', ended);
  }
  t.is(toGatewaySpan({ ...request, status: 404, ended: 'LR' }).status.code, 'unset');
});

test('the span of the service says whether its answer 503 is an error', (t) => {
  const { status, attributes } = toGatewaySpan({ ...request, status: 503 });
  t.is(status.code, 'unset');
  t.false('error.type' in attributes);
  t.is(attributes['http.response.status_code'], 503);
});

test('an answer of the gateway itself has no server and no durations', (t) => {
  const own = { server: '<NOSRV>', queue: -1, connect: -1, response: -1, ended: 'LR' };
  const { attributes } = toGatewaySpan({ ...request, ...own, backend: 'gateway', status: 404 });
  t.deepEqual(Object.keys(attributes), [
    'http.request.method',
    'http.response.status_code',
    'zameni.gateway.backend',
    'zameni.gateway.ended',
  ]);
});

test('a word that is no method of HTTP does not get into a name', (t) => {
  const { name, attributes } = toGatewaySpan({ ...request, method: 'ada@example.com', status: -1 });
  t.is(name, 'HTTP');
  t.is(attributes['http.request.method'], '_OTHER');
  t.false('http.response.status_code' in attributes);
});
